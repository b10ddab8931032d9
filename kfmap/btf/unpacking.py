"""Unpack what kernels and modules are packed with, in memory that is bounded.

The formats are those of the kernel's own Makefiles (scripts/Makefile.lib: KERNEL_GZIP, _BZIP2,
_LZMA, _XZ, _LZO, _LZ4, _ZSTD). A stream may be followed by other bytes, as in an image, or by more
streams, as pigz, pbzip2, pxz, pzstd and cat write them.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from mmap import mmap
from typing import Protocol

import lz4.block
import lz4.frame
import zstandard
from lzallright import LZOCompressor, LZOError

from kfmap.btf.layout import BtfError

MAX_UNPACKED = 512 << 20
_CHUNK = 1 << 20
_MEMORY = 256 << 20  # for dictionaries: xz -9 needs 65 MB, and a header may ask for 4 GB
_ZSTD_WINDOW = 1 << 27  # what zstd --ultra -22 --long asks for
_ZSTD_PIECE = 1 << 10  # bytes that are unpacked at once: a block of 4 bytes may stand for 128 KB
_LZ4_BLOCK = 8 << 20  # a block of the legacy format unpacks to this at most (LZ4 Frame Format)
_LZ4_LEGACY = b"\x02\x21\x4c\x18"
_LZOP_MAGIC = b"\x89LZO\0\r\n\x1a\n"
_LZOP_BLOCK = 256 << 10  # LZO_BLOCK_SIZE of lib/decompress_unlzo.c
_LZOP_ADLER, _LZOP_ADLER_PACKED, _LZOP_CRC, _LZOP_CRC_PACKED = 0x1, 0x2, 0x100, 0x200
_LZOP_FILTER, _LZOP_EXTRA = 0x800, 0x40
LONGEST_MAGIC = len(_LZOP_MAGIC)


class Reader(Protocol):
    """What gives packed bytes: a file, or io.BytesIO."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""


class Packed:
    """Packed bytes that are read in order, and those that an unpacker took too many of again."""

    def __init__(self, source: Reader) -> None:
        self._source = source
        self._back = b""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""
        if not self._back:
            return self._source.read(size)
        found, self._back = self._back[:size], self._back[size:]
        return found + self._source.read(size - len(found)) if len(found) < size else found

    def give_back(self, data: bytes) -> None:
        """Let bytes be read once more."""
        self._back = data + self._back

    def peek(self) -> bytes:
        """Return what is next, long enough to tell the format."""
        start = b""
        while len(start) < LONGEST_MAGIC and (more := self.read(LONGEST_MAGIC - len(start))):
            start += more
        self.give_back(start)
        return start


Unpacker = Callable[[Packed], Iterator[bytes]]


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
    return _join(_checked(unpacker(Packed(_From(data, at)))), limit)


def unpack_whole(data: bytes | mmap, limit: int = 0) -> bytes:
    """Return what a file unpacks to, of however many streams it is made.

    Raises BtfError where it is damaged, is no stream, or unpacks to more than `limit` bytes.
    """
    return _join(unpack_streams(_From(data, 0)), limit)


def _join(chunks: Iterator[bytes], limit: int) -> bytes:
    limit = limit or MAX_UNPACKED
    unpacked = bytearray()
    for chunk in chunks:
        unpacked += chunk
        if len(unpacked) > limit:
            raise BtfError(f"kernel unpacks to more than {limit >> 20} MB: not a kernel")
    return bytes(unpacked)


def unpack_streams(source: Reader) -> Iterator[bytes]:
    """Return the chunks of what all streams of a file unpack to, one after the other.

    What follows the last of them is left. Raises BtfError where one is damaged.
    """
    return _checked(_all_streams(Packed(source)))


def _all_streams(packed: Packed) -> Iterator[bytes]:
    unpacker = unpacker_of(packed.peek())
    if unpacker is None:
        raise BtfError("the file is not packed in a way that kernels are")
    while unpacker is not None:
        yield from unpacker(packed)
        while (start := packed.peek()) and not start.strip(b"\0"):  # padding of an xz file
            packed.read(len(start))
        zeros = len(start) - len(start.lstrip(b"\0"))
        packed.read(zeros)
        unpacker = unpacker_of(packed.peek())


def _checked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Return the chunks of an unpacker. Raises BtfError where what it reads is damaged."""
    total = 0
    try:
        for chunk in chunks:
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


def _gunzip(source: Packed) -> Iterator[bytes]:
    decompressor = zlib.decompressobj(wbits=31)
    while not decompressor.eof and (waiting := source.read(_CHUNK)):
        while waiting and not decompressor.eof:
            yield decompressor.decompress(waiting, _CHUNK)
            waiting = decompressor.unconsumed_tail
    if not decompressor.eof:  # after the end it would put what is unused there twice
        yield decompressor.flush()
    _end(source, decompressor)


class _Ended(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


def _end(source: Packed, decompressor: _Ended, more: bytes = b"") -> None:
    """Let what stands behind a stream be read next. Raises EOFError where it has no end."""
    if not decompressor.eof:
        raise EOFError("it was cut off")
    source.give_back((decompressor.unused_data or b"") + more)


class _Decompressor(_Ended, Protocol):
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def _fed(make: Callable[[], _Decompressor]) -> Unpacker:
    def unpacker(source: Packed) -> Iterator[bytes]:
        decompressor = make()
        while not decompressor.eof and (waiting := source.read(_CHUNK)):
            yield decompressor.decompress(waiting, _CHUNK)
            while not decompressor.eof and not decompressor.needs_input:
                yield decompressor.decompress(b"", _CHUNK)
        _end(source, decompressor)

    return unpacker


def _unzstd(source: Packed) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
    waiting, at = b"", 0
    while not decompressor.eof:
        if at >= len(waiting):
            waiting, at = source.read(_CHUNK), 0
            if not waiting:
                break
        yield decompressor.decompress(waiting[at : at + _ZSTD_PIECE])
        at += _ZSTD_PIECE
    _end(source, decompressor, waiting[at:])


def _unlz4_legacy(source: Packed) -> Iterator[bytes]:
    """Unpack the frames that `lz4 -l` writes: blocks with their length, no end mark."""
    source.read(4)
    while len(head := source.read(4)) == 4:
        if head == _LZ4_LEGACY:  # of another frame
            continue
        (length,) = struct.unpack("<I", head)
        block = source.read(min(length, _lz4_bound(_LZ4_BLOCK)))
        if not length or len(block) < length:  # the image's own size follows the last block
            return
        yield lz4.block.decompress(block, uncompressed_size=_LZ4_BLOCK)


def _lz4_bound(size: int) -> int:
    """Return how long a block of so many bytes is at most when packed (LZ4_COMPRESSBOUND)."""
    return size + size // 255 + 16


def _unlzo(source: Packed) -> Iterator[bytes]:
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


def _read_lzop_header(source: Packed) -> int:
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


def _number(source: Packed, size: int) -> int:
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
    (b"\x50\x2a\x4d\x18", _unzstd),  # a frame to be passed over, with which pzstd begins
    (_LZ4_LEGACY, _unlz4_legacy),
    (b"\x04\x22\x4d\x18", _fed(lz4.frame.LZ4FrameDecompressor)),
    (_LZOP_MAGIC, _unlzo),
)
