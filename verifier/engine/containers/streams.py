"""Unpack gzip, xz, bzip2 and zstd as a stream, never more than a budget lets through."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

import zstandard

from verifier.engine.containers.beginnings import GZIP_MAGIC, compression_of
from verifier.engine.containers.limits import Budget, ContainerError

_CHUNK = 1 << 18
_XZ_MEMORY = 256 << 20  # bytes; xz -9 needs 65 MB
_ZSTD_WINDOW = 1 << 27  # bytes, what zstd --long asks for
_GZIP = 31  # window bits of zlib that stand for a gzip header
_DAMAGED = (zlib.error, lzma.LZMAError, OSError, EOFError, zstandard.ZstdError)


class Source(Protocol):
    """What gives bytes until there are none."""

    def read(self, size: int = ..., /) -> bytes:
        """Return at most `size` bytes, none at the end.

        Raises ContainerError where they are damaged, or more than one file may hold.
        """


class Unpacked:
    """What compressed bytes unpack to; reading it raises ContainerError.

    Every byte is counted; one that is damaged or one too many ends it.
    """

    def __init__(self, data: bytes, budget: Budget) -> None:
        self._source = _open(data)
        self._budget = budget

    def read(self, size: int = _CHUNK) -> bytes:
        """Return as many bytes as asked for, fewer at the end.

        Raises ContainerError where they are damaged, or more than one file may hold.
        """
        parts: list[bytes] = []
        while size > 0:
            try:
                part = self._source.read(min(size, _CHUNK))
            except _DAMAGED as error:
                raise ContainerError(f"it is damaged: {error}") from error
            if not part:
                break
            self._budget.take_bytes(len(part))
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def read_all(self, limit: int) -> bytes:
        """Return all of it. Raises ContainerError where that is more than `limit` bytes."""
        data = self.read(limit + 1)
        if len(data) > limit:
            raise ContainerError(f"it unpacks to more than {limit >> 20} MB")
        return data


def _open(data: bytes) -> Source:
    kind = compression_of(data)
    if kind == "gz":
        return _Inflated(data)
    if kind == "xz":
        return _Fed(data, lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY))
    if kind == "bz2":
        return _Fed(data, bz2.BZ2Decompressor)
    reader = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    return reader.stream_reader(data, read_across_frames=True)


class _Chunked:
    """Compressed bytes, taken a chunk at a time; `_at` is the start of the next."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._at = 0

    def _take_chunk(self) -> bytes:
        chunk = bytes(self._data[self._at : self._at + _CHUNK])
        if not chunk:
            raise EOFError("it is truncated")
        self._at += len(chunk)
        return chunk


class _Fed(_Chunked):
    """Reads xz or bzip2: one stream after the other, as they may be put together."""

    def __init__(
        self, data: bytes, make: Callable[[], lzma.LZMADecompressor | bz2.BZ2Decompressor]
    ) -> None:
        super().__init__(data)
        self._make = make
        self._current = make()

    def read(self, size: int = _CHUNK, /) -> bytes:
        while True:
            if self._current.eof:
                self._at -= len(self._current.unused_data)
                if not bytes(self._data[self._at :][:_CHUNK]).strip(b"\0"):
                    return b""
                self._current = self._make()
            chunk = self._take_chunk() if self._current.needs_input else b""
            found = self._current.decompress(chunk, size)
            if found:
                return found


class _Inflated(_Chunked):
    """Reads gzip, one member after the other."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._current = zlib.decompressobj(_GZIP)

    def read(self, size: int = _CHUNK, /) -> bytes:
        while True:
            if self._current.eof:
                self._at -= len(self._current.unused_data)
                if bytes(self._data[self._at : self._at + 2]) != GZIP_MAGIC:
                    return b""
                self._current = zlib.decompressobj(_GZIP)
            chunk = self._current.unconsumed_tail or self._take_chunk()
            found = self._current.decompress(chunk, size)
            if found:
                return found
