"""Where what is given for a kernel waits for a worker: in the data folder by default."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from django.conf import settings

from verifier.jobs.object_folder import ObjectFolder


class KernelFolder(ObjectFolder):
    """Files in `kernels` of the data folder; they go when the job is over."""

    @property
    def base_location(self) -> str:
        """Return the folder; it follows the setting."""
        return str(settings.KFMAP_DATA_DIR / "kernels")

    def delete(self, name: str) -> None:
        """Remove a file, and the folder of its job once it is empty."""
        super().delete(name)
        folder = Path(self.path(name)).parent
        if folder != Path(self.location):
            with suppress(OSError):  # it has another file, or is gone
                folder.rmdir()
