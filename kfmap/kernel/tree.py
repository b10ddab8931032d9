"""The files of a kernel source tree, read with care: a tree may be hostile."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from kfmap.kernel.sought import Sought

MAX_FILE = 8 << 20
_MAX_FILES = 400_000
_BATCH = 1 << 17  # bytes of files that are read before they are looked through
_NEWLINE = ord("\n")
_SKIPPED = frozenset({"Documentation", "LICENSES", "rust", "samples", "scripts", "tools", "usr"})


# A file, and from where to where it is in the buffer; None for the end of what cannot be read.
_Stretch = tuple[str, int, int | None]


class TreeError(ValueError):
    """The folder is not a kernel tree that can be read: says why."""


class Tree:
    """A source tree; a file that leads out of it, or is too large, counts as missing."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        if not self.root.is_dir():
            raise TreeError(f"{root} is not a folder")
        self._start = f"{self.root}/"  # a text: to make one of a path takes as long as to open it
        self._texts: dict[str, str | None] = {}
        self._lines: dict[str, list[str]] = {}
        self._present: dict[str, bool] = {}
        self._view = memoryview(bytearray(MAX_FILE + _BATCH + 1))  # one or more files at a time
        self._folders: dict[str, str] = {}  # where each folder is when links are followed
        self._found: dict[str, tuple[list[str], list[str]]] = {}  # arch -> sources, headers

    def read(self, file: str) -> str | None:
        """Return the text of a file, None where there is none."""
        if file not in self._texts:
            data = self._read_inside(file)
            self._texts[file] = None if data is None else data.decode(errors="replace")
        return self._texts[file]

    def lines(self, file: str) -> list[str]:
        """Return the lines of a file, without their ends; of one that is not there none."""
        if file not in self._lines:
            text = self.read(file)
            self._lines[file] = [] if text is None else text.split("\n")
        return self._lines[file]

    def _read_inside(self, file: str) -> bytes | None:
        """Read a file whatever links are on the way, but for those that lead out of the tree."""
        folder, name = posixpath.split(file)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(self._start + folder)
        path = f"{self._folders[folder]}/{name}"
        if os.path.islink(path):  # noqa: PTH114 - asked for every header
            path = os.path.realpath(path)
        return _read(path, self._view[:MAX_FILE]) if path.startswith(self._start) else None

    def search(
        self, files: Iterable[str], sought: Sought, most: int = MAX_FILE
    ) -> Iterator[tuple[str, bytes | None]]:
        """Return those of some files that have what is sought, with their bytes.

        The bytes of what cannot be read, or is more than `most`, are None. `files` are from
        `find_sources` and its like.
        """
        left = iter(files)
        while batch := self._read_batch(left, most):
            yield from self._find_in(batch, sought)

    def _read_batch(self, files: Iterator[str], most: int) -> list[_Stretch]:
        """Read the next files one behind the other, for nearly none has what is sought."""
        read: list[_Stretch] = []
        view, root = self._view, self._start
        at = 0
        for file in files:
            length = _read_into(root + file, view[at : at + most])
            if length is None:
                read.append((file, at, None))
                continue
            end = at + length
            read.append((file, at, end))
            view[end] = _NEWLINE  # no word that is sought has one in it
            at = end + 1
            if at > _BATCH:
                break
        return read

    def _find_in(self, batch: list[_Stretch], sought: Sought) -> list[tuple[str, bytes | None]]:
        length = max(end or 0 for _, _, end in batch)
        is_there = sought.is_in(self._view[:length])
        found: list[tuple[str, bytes | None]] = []
        for file, start, end in batch:
            if end is None:
                found.append((file, None))
            elif is_there and sought.is_in(data := self._view[start:end]):
                found.append((file, bytes(data)))
        return found

    def has(self, file: str) -> bool:
        """Return whether the tree has this file."""
        if file not in self._present:
            self._present[file] = os.path.isfile(self._start + file)  # noqa: PTH113 - asked 100,000 times
        return self._present[file]

    def find_sources(self, arch: str) -> list[str]:
        """Return every .c file that can be part of a kernel for arch/`arch`, sorted.

        Raises TreeError where they are more than in any kernel.
        """
        return self._find_wanted(arch)[0]

    def find_all_headers(self, arch: str) -> list[str]:
        """Return every .h file that such a file may include, sorted.

        Raises TreeError where they are more than in any kernel.
        """
        return self._find_wanted(arch)[1]

    def _find_wanted(self, arch: str) -> tuple[list[str], list[str]]:
        if arch not in self._found:
            self._found[arch] = self._walk(arch)
        return self._found[arch]

    def _walk(self, arch: str) -> tuple[list[str], list[str]]:
        sources: list[str] = []
        headers: list[str] = []
        waiting = [""]
        count = 0
        while waiting:
            folder = waiting.pop()
            start = f"{folder}/" if folder else ""
            for entry in _entries(self._start + folder):
                count += 1
                name = entry.name
                if name.endswith(".c"):
                    sources.append(start + name)
                elif name.endswith(".h"):
                    headers.append(start + name)
                elif entry.is_dir(follow_symlinks=False) and _is_wanted(folder, name, arch):
                    waiting.append(start + name)
            if count > _MAX_FILES:
                raise TreeError(f"more than {_MAX_FILES:,} files: not a kernel tree")
        return sorted(sources), sorted(headers)

    def is_source(self, file: str, arch: str) -> bool:
        """Return whether a file lies where `find_sources` looks."""
        folders = file.split("/")[:-1]
        parents = ["", *folders]
        return all(map(_is_wanted, parents, folders, [arch] * len(folders)))

    def find_headers(self, folder: str) -> list[str]:
        """Return the .h files right in a folder, sorted.

        Raises TreeError where they are more than in any kernel.
        """
        return self._files_of(folder, ".h")

    def names_in(self, folder: str) -> list[str]:
        """Return the names of what is right in a folder."""
        path = os.path.realpath(self._start + folder)
        if not f"{path}/".startswith(self._start):
            return []
        return [entry.name for entry in _entries(path)]

    def find_c_files(self, folder: str) -> list[str]:
        """Return the .c files right in a folder, sorted.

        Raises TreeError where they are more than in any kernel.
        """
        return self._files_of(folder, ".c")

    def _files_of(self, folder: str, suffix: str) -> list[str]:
        names = [entry.name for entry in _entries(self._start + folder)]
        if len(names) > _MAX_FILES:
            raise TreeError(f"more than {_MAX_FILES:,} files in {folder}: not a kernel tree")
        return sorted(f"{folder}/{name}" for name in names if name.endswith(suffix))


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:  # a folder that may not be read holds nothing
        return []


def _read(path: str, buffer: memoryview) -> bytes | None:
    length = _read_into(path, buffer)
    return None if length is None else bytes(buffer[:length])


def _read_into(path: str, buffer: memoryview) -> int | None:
    """Read a regular file and return its length; None for what is a link, none, or huge."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except (OSError, ValueError):
        return None
    try:
        length = os.readv(descriptor, [buffer])
        if 0 < length < len(buffer):  # a regular file, for folders and devices give no bytes
            return length
        status = os.fstat(descriptor)
        is_whole = stat.S_ISREG(status.st_mode) and status.st_size <= len(buffer)
        return length if is_whole else None
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _is_wanted(parent: str, folder: str, arch: str) -> bool:
    if not parent:
        return folder not in _SKIPPED and not folder.startswith(".")
    return parent != "arch" or folder == arch
