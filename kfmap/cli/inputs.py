"""What `verify` is given: files of whatever kind, and folders of them → BPF objects by name."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from kfmap.quick_dataclass import dataclass
from verifier.engine.containers.find import find_objects, looks_like_object, may_hold_objects
from verifier.engine.containers.found import Found, NotFound

_MAX_FILES = 100_000  # of one folder
_OBJECT_NAME = ".bpf.o"
_START = 4096  # bytes that say whether a file in a folder is looked into


@dataclass(frozen=True, slots=True)
class ObjectFile:
    """A file that begins as a BPF object does: to be read by whoever needs it."""

    name: str


def read_inputs(paths: Iterable[str], limit: int) -> Iterator[Found | NotFound]:
    """Return the objects in files and folders, in order, and why there is none.

    `limit`: bytes of the largest file that is read. In folders, files that hold no object are
    passed over in silence, but for those that are named as one.
    """
    for item in find_inputs(paths, limit):
        if isinstance(item, ObjectFile):
            yield from read_file(item.name, limit)
        else:
            yield item


def find_inputs(paths: Iterable[str], limit: int) -> Iterator[ObjectFile | Found | NotFound]:
    """Return what `read_inputs` does, with objects that are files of their own still unread."""
    for path in paths:
        if Path(path).is_dir():
            yield from _look_into_folder(Path(path), limit)
        elif looks_like_object(_read_start(path)):
            yield ObjectFile(path)
        else:
            yield from read_file(path, limit)


def read_file(path: str, limit: int) -> Iterator[Found | NotFound]:
    """Return the objects in a file of whatever kind, or why there is none."""
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


def _look_into_folder(folder: Path, limit: int) -> Iterator[ObjectFile | Found | NotFound]:
    """Return what the files of a folder and its folders hold; symbolic links are not followed."""
    found, files = 0, 0
    for path in _files_of(folder):
        files += 1
        if files > _MAX_FILES:
            yield NotFound(str(folder), f"more than {_MAX_FILES} files: name a smaller folder")
            return
        start = _read_start(path)
        if looks_like_object(start):
            found += 1
            yield ObjectFile(str(path))
            continue
        is_named = path.name.endswith(_OBJECT_NAME)
        if not is_named and not may_hold_objects(path.name, start):
            continue
        for item in read_file(str(path), limit):
            is_silent = isinstance(item, NotFound) and item.is_empty and not is_named
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


def _read_start(path: str | Path) -> bytes:
    """Return how a file begins; nothing for what is no file, which might not end or even begin."""
    try:
        if not Path(path).is_file():
            return b""
        with Path(path).open("rb") as file:
            return file.read(_START)
    except OSError:
        return b""
