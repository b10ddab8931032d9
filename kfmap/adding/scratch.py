"""The folder that an addition unpacks into, and those that killed workers left.

A worker holds a lock in its folder, which ends with it however it ends: a folder without one is
nobody's. Kernels unpack to gigabytes, so what SIGKILL leaves must not stay.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "kfmap-adding-"
_HELD = ".held"
_YOUNG = 60.0  # seconds in which a folder may be there before its lock is
_OF_NO_LOCK = 24 * 3600.0  # releases before this one took none


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Return a folder that is removed at the end, by another worker if this one is killed."""
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    with (folder / _HELD).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            _remove(folder)


def remove_left_folders() -> None:
    """Remove the folders of this account's workers that have ended without doing so."""
    now = time.time()
    with os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if not (entry.name.startswith(_PREFIX) and entry.is_dir(follow_symlinks=False)):
                continue
            found = entry.stat(follow_symlinks=False)
            age = now - found.st_mtime
            if found.st_uid == os.geteuid() and age > _YOUNG and _is_left(Path(entry.path), age):
                _remove(Path(entry.path))


def _remove(folder: Path) -> None:
    """Remove a folder, its lock last: whoever is killed meanwhile leaves it to the next."""
    with os.scandir(folder) as items:
        for item in items:
            if item.is_dir(follow_symlinks=False):
                shutil.rmtree(item, ignore_errors=True)
            elif item.name != _HELD:
                Path(item).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _is_left(folder: Path, age: float) -> bool:
    try:
        held = os.open(folder / _HELD, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return age > _OF_NO_LOCK
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(held)
    return True
