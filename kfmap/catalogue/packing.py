"""Compression of what rows keep whole."""

from __future__ import annotations

import zstandard

_LEVEL = 9
_MAX_UNPACKED = 256 << 20


def pack(data: bytes) -> bytes:
    """Compress with zstd."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(data)


def unpack(packed: bytes | memoryview) -> bytes:
    """Return what `pack` was given."""
    return zstandard.ZstdDecompressor().decompress(packed, max_output_size=_MAX_UNPACKED)
