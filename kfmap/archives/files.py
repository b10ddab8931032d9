"""List the files of an archive or package whatever its kind, told by how it begins."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from kfmap.archives.rpm import CPIO_MAGICS, RPM_MAGIC, read_cpio, skip_rpm_headers
from kfmap.archives.stream import DAMAGED, ArchiveError, Budget, NoArchiveError, Stream, chunks_of

_AR_MAGIC = b"!<arch>\n"
_AR_HEADER = 60
_ZIP_MAGIC = b"PK\x03\x04"
_TAR_MARK_AT = 257


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """A regular file; `stream` has its bytes until the next file is asked for."""

    name: str
    size: int
    stream: Stream

    def read(self, most: int) -> bytes:
        """Return all of it. Raises ArchiveError where that is more than `most` bytes."""
        if self.size > most:
            raise ArchiveError(f"{self.name} in it is larger than {most >> 20} MB")
        return b"".join(self.stream.chunks(self.size))


def is_archive(stream: Stream) -> bool:
    """Return whether a stream that is not packed any more is an archive or a package."""
    start = stream.peek()
    return start[_TAR_MARK_AT : _TAR_MARK_AT + 5] == b"ustar" or start.startswith(
        (_AR_MAGIC, RPM_MAGIC, _ZIP_MAGIC, *CPIO_MAGICS)
    )


def list_files(path: Path, budget: Budget) -> Iterator[ArchiveFile]:
    """Return the regular files in an archive or package.

    Raises ArchiveError where it is none, is damaged, or holds more than `budget`.
    """
    try:
        with path.open("rb") as file:
            if file.read(4) == _ZIP_MAGIC:
                yield from _list_zip(path, budget)
                return
            file.seek(0)
            yield from list_stream(Stream(chunks_of(file), budget), budget)
    except OSError as error:
        raise ArchiveError(error.strerror or str(error)) from error


def list_stream(packed: Stream, budget: Budget) -> Iterator[ArchiveFile]:
    """Return the regular files of an archive that is read as a stream, packed or not.

    Raises ArchiveError where it is damaged, holds too much, or is no archive.
    """
    stream = packed.unpacked()
    start = stream.peek()
    if start.startswith(RPM_MAGIC):
        skip_rpm_headers(stream)
        yield from list_stream(stream, budget)
    elif start.startswith(CPIO_MAGICS):
        for name, size in read_cpio(stream, budget):
            yield ArchiveFile(name, size, stream)
    elif start.startswith(_AR_MAGIC):
        yield from _list_package(stream, budget)
    elif start[_TAR_MARK_AT : _TAR_MARK_AT + 5] == b"ustar":
        yield from _list_tar(stream, budget)
    elif not start.strip(b"\0"):  # tar ends an archive of no files with blocks of zeros
        raise ArchiveError("it is empty")
    else:
        raise NoArchiveError(
            "it is not an archive or package of a known kind: tar, zip, .deb, .rpm, cpio"
        )


def _list_tar(stream: Stream, budget: Budget) -> Iterator[ArchiveFile]:
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|") as archive:
            for member in archive:
                budget.take_file()
                cast(Any, archive).members.clear()  # not in the stubs: it keeps all of them
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None:
                    chunks = chunks_of(content, member.size)
                    yield ArchiveFile(member.name, member.size, Stream(chunks, budget.apart()))
            # Behind the last file stands a block of zeros. One that is cut between two files has
            # none, which tarfile takes for an end.
            if cast(Any, archive).fileobj.tell() <= cast(Any, archive).offset:
                raise ArchiveError("the tar archive has no end: it was cut off")
    except (*DAMAGED, UnicodeError) as error:
        raise ArchiveError(f"the tar archive is damaged: {error}") from error


def _list_zip(path: Path, budget: Budget) -> Iterator[ArchiveFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            for item in archive.infolist():
                budget.take_file()
                if not item.filename or item.is_dir() or item.flag_bits & 1:
                    continue
                with archive.open(item) as content:
                    chunks = chunks_of(content)
                    yield ArchiveFile(item.filename, item.file_size, Stream(chunks, budget))
    except (*DAMAGED, UnicodeError) as error:
        raise ArchiveError(f"the zip archive is damaged: {error}") from error


def _list_package(stream: Stream, budget: Budget) -> Iterator[ArchiveFile]:
    """Return the files of a .deb: those of the archive data.tar in it (deb(5))."""
    stream.read(len(_AR_MAGIC))
    while head := stream.read(_AR_HEADER):
        name, size = head[:16].decode(errors="replace").rstrip(" /"), head[48:58].strip()
        if head[58:] != b"`\n" or not size.isdigit():
            raise ArchiveError("the package is damaged: it is not an ar archive")
        if name.startswith("data.tar"):
            yield from list_stream(Stream(stream.chunks(int(size)), budget.apart()), budget)
            return
        stream.skip(int(size) + int(size) % 2)
    raise ArchiveError("the package has no data.tar in it: it is not a Debian package")
