"""A stream of bytes that is unpacked and counted while it is read."""

from __future__ import annotations

import struct
import sys
import tarfile
import time
import zipfile
import zlib
from collections.abc import Iterator

from kfmap.btf.layout import BtfError
from kfmap.btf.unpacking import Reader, unpack_streams, unpacker_of

# What the readers of archives raise for bytes that are wrong, beside what they say they do.
DAMAGED = (
    BtfError,
    OSError,
    EOFError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    IndexError,  # of zipfile, for a name of no characters
    NotImplementedError,
    OverflowError,
    RuntimeError,
)
_CHUNK = 1 << 20
_MOST_AT_ONCE = 64 << 20
_MOST_LAYERS = 3
_START = 512  # enough to tell every format


class ArchiveError(ValueError):
    """An archive cannot be read, or holds too much: says why."""


class NoArchiveError(ArchiveError):
    """A file is no archive at all."""


class Budget:
    """What may still be unpacked: bytes, files, seconds of CPU. A bomb ends in ArchiveError.

    On a machine that does much else a kernel takes minutes, so the clock on the wall says little.
    """

    def __init__(self, size: int, files: int, seconds: int = 300) -> None:
        self._size = size
        self._files = files
        self._seconds = seconds
        self._ends = time.process_time() + seconds

    def take_bytes(self, count: int) -> None:
        """Count unpacked bytes. Raises ArchiveError where they are too many, or it is too late."""
        self._size -= count
        if self._size < 0:
            raise ArchiveError("it unpacks to more than any kernel tree")
        self._check_time()

    def take_file(self) -> None:
        """Count a file. Raises ArchiveError where they are too many, or it is too late."""
        self._files -= 1
        if self._files < 0:
            raise ArchiveError("it holds more files than any kernel tree")
        self._check_time()

    def _check_time(self) -> None:
        if time.process_time() > self._ends:
            raise ArchiveError(
                f"to unpack it takes more than {self._seconds} s of the processor: unpack it "
                "yourself, and give the folder"
            )

    def apart(self) -> Budget:
        """Return this budget for bytes that were counted before they were split into files."""
        return _Apart(self)

    def of_unpacked(self) -> Budget:
        """Return the budget for what these bytes unpack to: nothing has counted that before."""
        return self


class _Apart(Budget):
    """Counts files where another budget does, and only those bytes that are unpacked of these."""

    def __init__(self, counting: Budget) -> None:
        self._counting = counting

    def take_bytes(self, count: int) -> None:
        self._counting.take_bytes(0)

    def take_file(self) -> None:
        self._counting.take_file()

    def of_unpacked(self) -> Budget:
        return self._counting.of_unpacked()


class Stream:
    """Bytes that are read in order, with a look at those that come next."""

    def __init__(self, chunks: Iterator[bytes], budget: Budget) -> None:
        self._chunks = chunks
        self._budget = budget
        self._buffer, self._at = b"", 0
        self.taken = 0

    def read(self, size: int = -1, /) -> bytes:
        """Return so many bytes, fewer at the end.

        Raises ArchiveError where they are damaged, or too many.
        """
        if not 0 <= size <= _MOST_AT_ONCE:
            raise ArchiveError("it is damaged: a length in it is larger than the whole")
        found = self.peek(size)
        self._at += len(found)
        self.taken += len(found)
        return found

    def peek(self, size: int = _START) -> bytes:
        """Return what comes next without taking it."""
        if len(self._buffer) - self._at < size:
            parts, length = [self._buffer[self._at :]], len(self._buffer) - self._at
            while length < size and (chunk := self._next()) is not None:
                parts.append(chunk)
                length += len(chunk)
            self._buffer, self._at = b"".join(parts), 0
        return self._buffer[self._at : self._at + size]

    def skip(self, size: int) -> None:
        """Pass over bytes."""
        while size > 0 and (part := self.read(min(size, _CHUNK))):
            size -= len(part)

    def chunks(self, size: int) -> Iterator[bytes]:
        """Return the next `size` bytes in parts."""
        while size > 0 and (part := self.read(min(size, _CHUNK))):
            size -= len(part)
            yield part

    def _next(self) -> bytes | None:
        try:
            chunk = next(self._chunks, None)
        except DAMAGED as error:
            raise ArchiveError(f"it is damaged: {error}") from error
        if chunk:
            self._budget.take_bytes(len(chunk))
        return chunk

    def unpacked(self) -> Stream:
        """Return what the stream unpacks to, itself where it is not packed.

        Raises ArchiveError where it is packed too many times over.
        """
        stream = self
        for _ in range(_MOST_LAYERS):
            if unpacker_of(stream.peek()) is None:
                return stream
            stream = Stream(unpack_streams(stream), self._budget.of_unpacked())
        raise ArchiveError(f"it is packed more than {_MOST_LAYERS} times")


def chunks_of(source: Reader, size: int = sys.maxsize) -> Iterator[bytes]:
    """Return what a file gives, `size` bytes of it at most, in parts.

    A file itself is an iterator, too, but one of lines: millions of parts of a few bytes.
    """
    while chunk := source.read(min(_CHUNK, size)):
        yield chunk
        size -= len(chunk)
