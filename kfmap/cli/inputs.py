"""What `verify` is given: files of whatever kind, and folders of them → BPF objects by name."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from verifier.engine.containers.find import find_objects, may_hold_objects
from verifier.engine.containers.found import Found, NotFound

_MAX_FILES = 100_000  # of one folder
_START = 4096  # bytes that say whether a file in a folder is looked into


def read_inputs(paths: Iterable[str], limit: int) -> Iterator[Found | NotFound]:
    """Return the objects in files and folders, in order, and why there is none.

    `limit`: bytes of the largest file that is read. In folders, files that hold no object are
    passed over in silence.
    """
    for path in paths:
        if Path(path).is_dir():
            yield from _read_folder(Path(path), limit)
        else:
            yield from _read_file(path, limit)


def _read_file(path: str, limit: int) -> Iterator[Found | NotFound]:
    data = _read(path, limit)
    if isinstance(data, NotFound):
        yield data
    else:
        yield from find_objects(path, data)


def _read(path: str, limit: int) -> bytes | NotFound:
    try:
        found = Path(path).stat()
        if not stat.S_ISREG(found.st_mode):
            return NotFound(path, "not a regular file")
        if found.st_size > limit:
            text = f"larger than {limit >> 20} MB, the limit set by KFMAP_MAX_UPLOAD_MB"
            return NotFound(path, text)
        return Path(path).read_bytes()
    except OSError as error:
        return NotFound(path, error.strerror or str(error))


def _read_folder(folder: Path, limit: int) -> Iterator[Found | NotFound]:
    """Return what the files of a folder and its folders hold; symbolic links are not followed."""
    found, files = 0, 0
    for path in _files_of(folder):
        files += 1
        if files > _MAX_FILES:
            yield NotFound(str(folder), f"more than {_MAX_FILES} files: name a smaller folder")
            return
        if not _may_hold_objects(path):
            continue
        for item in _read_file(str(path), limit):
            is_silent = isinstance(item, NotFound) and item.is_empty
            found += not is_silent
            if not is_silent:
                yield item
    if not found:
        looked = "1 file" if files == 1 else f"{files} files"
        yield NotFound(str(folder), f"no BPF object is in this folder ({looked} looked at)")


def _files_of(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if not path.is_symlink() and path.is_file():
                yield path


def _may_hold_objects(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(_START)
    except OSError:
        return False
    return may_hold_objects(path.name, start)
