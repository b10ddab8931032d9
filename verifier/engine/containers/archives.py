"""List the files of tar, zip, ar and Debian packages, one at a time and in memory."""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator

from verifier.engine.containers.beginnings import AR_MAGIC
from verifier.engine.containers.limits import Budget, ContainerError
from verifier.engine.containers.streams import Source

_AR_HEADER = 60
_ZIP_ENTRY = b"PK\x01\x02"  # begins what the directory of a zip archive says of a file
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)

File = tuple[str, bytes]


def read_tar(source: Source, budget: Budget) -> Iterator[File]:
    """Return names and bytes of the regular files in a tar archive.

    Raises ContainerError where it is damaged.
    """
    try:
        with tarfile.open(fileobj=_AsFile(source), mode="r|") as archive:
            for member in archive:
                budget.take_member()
                if not member.isfile():
                    continue
                _check_size(member.name, member.size, budget)
                file = archive.extractfile(member)
                if file is not None:
                    yield member.name, file.read()
    except tarfile.TarError as error:
        raise ContainerError(f"the tar archive is damaged: {error}") from error


class _AsFile(io.RawIOBase):
    """A source as tarfile wants it: it only ever reads."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def read(self, size: int = -1, /) -> bytes:
        return self._source.read(size) if size >= 0 else b""


def read_zip(data: bytes, budget: Budget) -> Iterator[File]:
    """Return names and bytes of the files in a zip archive; those with a password are left out.

    Raises ContainerError where it is damaged.
    """
    # zipfile reads the whole directory at once: a million files in 47 MB take 400 MB and 8 s of it.
    budget.expect_members(data.count(_ZIP_ENTRY))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for item in archive.infolist():
                budget.take_member()
                if not item.filename or item.is_dir() or item.flag_bits & 1:
                    continue
                _check_size(item.filename, item.file_size, budget)
                with archive.open(item) as file:
                    yield item.filename, _read_counted(file, budget)
    except ContainerError:
        raise
    except _DAMAGED as error:
        raise ContainerError(f"the zip archive is damaged: {error}") from error


def _read_counted(file: Source, budget: Budget) -> bytes:
    parts, total = [], 0
    while part := file.read(1 << 18):
        budget.take_bytes(len(part))
        total += len(part)
        if total > budget.limits.member:
            raise ContainerError(f"a file in it unpacks to more than {total >> 20} MB")
        parts.append(part)
    return b"".join(parts)


def read_ar(data: bytes, budget: Budget) -> Iterator[File]:
    """Return names and bytes of the members of an ar archive.

    Raises ContainerError where it is damaged.
    """
    at = len(AR_MAGIC)
    while at + _AR_HEADER <= len(data):
        budget.take_member()
        header = data[at : at + _AR_HEADER]
        name = header[:16].decode("utf-8", "replace").rstrip(" /")
        size = header[48:58].strip()
        start = at + _AR_HEADER
        if not size.isdigit() or header[58:60] != b"`\n" or start + int(size) > len(data):
            raise ContainerError("the ar archive is damaged")
        yield name, data[start : start + int(size)]
        at = start + int(size) + int(size) % 2


def _check_size(name: str, size: int, budget: Budget) -> None:
    if size > budget.limits.member:
        limit = budget.limits.member >> 20
        raise ContainerError(f"{name} in it is larger than {limit} MB")
