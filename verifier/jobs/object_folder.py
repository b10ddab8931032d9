"""The storage that keeps objects in the data folder, for installations without another one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage


class ObjectFolder(FileSystemStorage):
    """Files in `objects` of the data folder; one that exists is whole, and nobody else reads it."""

    @property
    def base_location(self) -> str:
        """Return the folder; it follows the setting."""
        return str(settings.KFMAP_DATA_DIR / "objects")

    @property
    def location(self) -> str:
        """Return the folder as an absolute path."""
        return str(Path(self.base_location).absolute())

    def _save(self, name: str, content: File[bytes]) -> str:
        """Write beside the place and move there."""
        place = Path(self.path(name))
        for folder in (Path(self.location), place.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        handle, draft_name = tempfile.mkstemp(dir=self.location, prefix="draft-")
        draft = Path(draft_name)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
            draft.replace(place)
        finally:
            draft.unlink(missing_ok=True)
        return name
