"""Unpack the archive of a kernel tree into a scratch folder, files that decide nothing left out.

Only names are taken from the archive, never its links, modes or absolute paths.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from kfmap.archives.files import ArchiveFile, is_archive, list_files, list_stream
from kfmap.archives.stream import ArchiveError, Budget, Stream, chunks_of
from kfmap.given.unpacked import LEFT_OUT

_MOST_BYTES = 4 << 30  # a kernel tree has 1.6 GB
_MOST_ENTRIES = 400_000  # a kernel tree has 102,000; one that was built, thrice as many
_MOST_WRITTEN = 150_000  # a kernel tree has 64,000 that decide something
_MOST_FILE = 8 << 20  # as `Tree` reads them
_WANTED = re.compile(
    r"(?:.*\.[ch]|Makefile.*|Kbuild.*|Kconfig.*|\.config|series(?:\.conf)?|.*\.(?:patch|diff|spec))"
)
_PREFIX = re.compile(r"^(?:\./|/)*(?:usr/src/(?:packages/BUILD/)?)?")
_TARBALL = re.compile(
    r"(?:.*/)?(?:linux|kernel)[^/]*\.tar(?:\.\w+)?|(?:.*/)?(?:debian[^/]*\.tar\.\w+)"
)


def unpack_file(path: Path, scratch: Path) -> None:
    """Unpack an archive or package. Raises ArchiveError."""
    budget = Budget(_MOST_BYTES, _MOST_ENTRIES)
    _Unpacking(scratch, budget).take(list_files(path, budget))


def unpack_stream(stream: IO[bytes], scratch: Path) -> None:
    """Unpack an archive that comes as a stream. Raises ArchiveError."""
    budget = Budget(_MOST_BYTES, _MOST_ENTRIES)
    _Unpacking(scratch, budget).take(list_stream(Stream(chunks_of(stream), budget), budget))


class _Unpacking:
    def __init__(self, scratch: Path, budget: Budget) -> None:
        self._scratch = str(scratch)
        self._budget = budget
        self._left = _MOST_WRITTEN
        self._made: set[str] = set()

    def take(self, files: Iterable[ArchiveFile]) -> None:
        """Write the files that decide something; a tarball in a package is unpacked in turn."""
        for file in files:
            name = _PREFIX.sub("", file.name)
            if not _TARBALL.fullmatch(name):
                self._write(name, file)
                continue
            packed = Stream(file.stream.chunks(file.size), self._budget)
            inner = packed.unpacked()
            if is_archive(inner):
                self.take(list_stream(inner, self._budget))

    def _write(self, name: str, file: ArchiveFile) -> None:
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if not parts or ".." in parts or "\0" in name:
            return
        if not _WANTED.fullmatch(parts[-1]) or LEFT_OUT.intersection(parts[:-1][:2]):
            return
        self._left -= 1
        if self._left < 0:
            raise ArchiveError("it holds more files than any kernel tree")
        if file.size > _MOST_BYTES:
            raise ArchiveError(f"{name[:200]} in it is larger than any kernel tree")
        try:
            path = f"{self._folder(parts[:-1])}/{parts[-1]}"
            with open(path, "wb") as out:  # noqa: PTH123 - 64,000 times
                if file.size > _MOST_FILE:
                    out.truncate(file.size)  # as long as it was: it is said that it was not read
                    return
                for chunk in file.stream.chunks(file.size):
                    out.write(chunk)
        except OSError as error:  # such as a file that another name in the archive has as a folder
            raise ArchiveError(f"{name[:200]} in it cannot be written: {error.strerror}") from error

    def _folder(self, parts: list[str]) -> str:
        folder = "/".join([self._scratch, *parts])
        if folder not in self._made:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - as above
            self._made.add(folder)
        return folder
