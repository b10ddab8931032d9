"""Compression of what rows keep whole."""

from __future__ import annotations

import zstandard

_LEVEL = 9
QUICK_LEVEL = 3  # for types: a fifth of the time, and a tenth more to keep
_MAX_UNPACKED = 256 << 20


def pack(data: bytes, level: int = _LEVEL) -> bytes:
    """Compress with zstd."""
    return zstandard.ZstdCompressor(level=level).compress(data)


def unpack(packed: bytes | memoryview) -> bytes:
    """Return what `pack` was given."""
    return zstandard.ZstdDecompressor().decompress(packed, max_output_size=_MAX_UNPACKED)
