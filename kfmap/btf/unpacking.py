"""Unpack what kernels and modules are packed with, in memory that is bounded.

The formats are those of the kernel's own Makefiles (scripts/Makefile.lib: KERNEL_GZIP, _BZIP2,
_LZMA, _XZ, _LZO, _LZ4, _ZSTD). A stream may be followed by other bytes, as in an image.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from mmap import mmap
from typing import IO, Protocol, cast

import lz4.block
import lz4.frame
import zstandard
from lzallright import LZOCompressor, LZOError

from kfmap.btf.layout import BtfError

MAX_UNPACKED = 512 << 20
_CHUNK = 1 << 20
_MEMORY = 256 << 20  # for dictionaries: xz -9 needs 65 MB, and a header may ask for 4 GB
_ZSTD_WINDOW = 1 << 27  # what zstd --ultra -22 --long asks for
_LZ4_BLOCK = 8 << 20  # a block of the legacy format unpacks to this at most (LZ4 Frame Format)
_LZOP_MAGIC = b"\x89LZO\0\r\n\x1a\n"
_LZOP_BLOCK = 256 << 10  # LZO_BLOCK_SIZE of lib/decompress_unlzo.c
_LZOP_ADLER, _LZOP_ADLER_PACKED, _LZOP_CRC, _LZOP_CRC_PACKED = 0x1, 0x2, 0x100, 0x200
_LZOP_FILTER, _LZOP_EXTRA = 0x800, 0x40
LONGEST_MAGIC = len(_LZOP_MAGIC)


class Reader(Protocol):
    """What gives packed bytes: a file, or io.BytesIO."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""


Unpacker = Callable[[Reader], Iterator[bytes]]


def unpacker_of(start: bytes) -> Unpacker | None:
    """Return what unpacks a stream that begins with these bytes, None for what is none."""
    return next((unpacker for magic, unpacker in FORMATS if start.startswith(magic)), None)


class _From:
    """The bytes of a file from a place on, as a reader; nothing is copied but what is read."""

    def __init__(self, data: bytes | mmap, at: int) -> None:
        self._data, self._at = data, at

    def read(self, size: int, /) -> bytes:
        found = self._data[self._at : self._at + size]
        self._at += len(found)
        return found


def unpack(data: bytes | mmap, at: int = 0, limit: int = 0) -> bytes:
    """Return what the stream that begins at a byte unpacks to; bytes after its end are left.

    Raises BtfError where it is damaged, is no stream, or unpacks to more than `limit` bytes.
    """
    unpacker = unpacker_of(data[at : at + LONGEST_MAGIC])
    if unpacker is None:
        raise BtfError("the file is not packed in a way that kernels are")
    limit = limit or MAX_UNPACKED
    unpacked = bytearray()
    for chunk in unpack_stream(unpacker, _From(data, at)):
        unpacked += chunk
        if len(unpacked) > limit:
            raise BtfError(f"kernel unpacks to more than {limit >> 20} MB: not a kernel")
    return bytes(unpacked)


def unpack_stream(unpacker: Unpacker, source: Reader) -> Iterator[bytes]:
    """Return the chunks of what a stream unpacks to. Raises BtfError where it is damaged."""
    total = 0
    try:
        for chunk in unpacker(source):
            total += len(chunk)
            yield chunk
    except MemoryError:
        raise BtfError(
            f"the packed file asks for more than {_MEMORY >> 20} MB to be unpacked: not a kernel"
        ) from None
    except _DAMAGED as error:
        raise BtfError(
            f"the packed file cannot be unpacked after {total} bytes: {error}"
        ) from error


def _gunzip(source: Reader) -> Iterator[bytes]:
    decompressor = zlib.decompressobj(wbits=31)
    while not decompressor.eof and (waiting := source.read(_CHUNK)):
        while waiting and not decompressor.eof:
            yield decompressor.decompress(waiting, _CHUNK)
            waiting = decompressor.unconsumed_tail
    yield decompressor.flush()


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def _fed(make: Callable[[], _Decompressor]) -> Unpacker:
    def unpacker(source: Reader) -> Iterator[bytes]:
        decompressor = make()
        while not decompressor.eof and (waiting := source.read(_CHUNK)):
            yield decompressor.decompress(waiting, _CHUNK)
            while not decompressor.eof and not decompressor.needs_input:
                yield decompressor.decompress(b"", _CHUNK)

    return unpacker


def _unzstd(source: Reader) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    return decompressor.read_to_iter(cast("IO[bytes]", source), write_size=_CHUNK)


def _unlz4_legacy(source: Reader) -> Iterator[bytes]:
    """Unpack the frames that `lz4 -l` writes: blocks with their length, no end mark."""
    source.read(4)
    while len(head := source.read(4)) == 4:
        (length,) = struct.unpack("<I", head)
        block = source.read(min(length, _lz4_bound(_LZ4_BLOCK)))
        if not length or len(block) < length:  # the image's own size follows the last block
            return
        yield lz4.block.decompress(block, uncompressed_size=_LZ4_BLOCK)


def _lz4_bound(size: int) -> int:
    """Return how long a block of so many bytes is at most when packed (LZ4_COMPRESSBOUND)."""
    return size + size // 255 + 16


def _unlzo(source: Reader) -> Iterator[bytes]:
    """Unpack what lzop writes (lib/decompress_unlzo.c); checksums are passed over."""
    flags = _read_lzop_header(source)
    raw_sums = 4 * sum(bool(flags & bit) for bit in (_LZOP_ADLER, _LZOP_CRC))
    packed_sums = 4 * sum(bool(flags & bit) for bit in (_LZOP_ADLER_PACKED, _LZOP_CRC_PACKED))
    while size := _number(source, 4):
        length = _number(source, 4)
        if size > _LZOP_BLOCK or not 0 < length <= size:
            raise BtfError("the packed file cannot be unpacked: a block of lzop is damaged")
        source.read(raw_sums + (packed_sums if length < size else 0))
        block = source.read(length)
        yield block if length == size else LZOCompressor.decompress(block, size)


def _read_lzop_header(source: Reader) -> int:
    """Read up to the first block; return the flags."""
    source.read(len(_LZOP_MAGIC))
    is_new = _number(source, 2) >= 0x0940
    source.read(2 + (2 if is_new else 0) + 1 + (1 if is_new else 0))  # versions, method, level
    flags = _number(source, 4)
    source.read((4 if flags & _LZOP_FILTER else 0) + 8 + (4 if is_new else 0))  # mode, time
    source.read(_number(source, 1) + 4)  # name, checksum
    if flags & _LZOP_EXTRA:
        source.read(min(_number(source, 4), _CHUNK) + 4)
    return flags


def _number(source: Reader, size: int) -> int:
    data = source.read(size)
    if len(data) < size:
        raise EOFError("it is truncated")
    return int.from_bytes(data, "big")


_DAMAGED = (
    zlib.error,
    lzma.LZMAError,
    zstandard.ZstdError,
    lz4.block.LZ4BlockError,
    LZOError,
    OSError,
    EOFError,
    RuntimeError,  # of lz4.frame
)
FORMATS: tuple[tuple[bytes, Unpacker], ...] = (
    (b"\x1f\x8b\x08", _gunzip),
    (b"\xfd7zXZ\0", _fed(lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY))),
    (b"\x5d\0\0", _fed(lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_MEMORY))),
    (b"BZh", _fed(bz2.BZ2Decompressor)),
    (b"\x28\xb5\x2f\xfd", _unzstd),
    (b"\x02\x21\x4c\x18", _unlz4_legacy),
    (b"\x04\x22\x4d\x18", _fed(lz4.frame.LZ4FrameDecompressor)),
    (_LZOP_MAGIC, _unlzo),
)
