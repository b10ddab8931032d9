"""Packed files of one stream, of several, with something behind them, and without their end."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable

import lz4.frame
import pytest
import zstandard

from kfmap.btf.layout import BtfError
from kfmap.btf.unpacking import unpack, unpack_streams, unpack_whole

ONE, OTHER = b"one " * 1_000, b"other " * 500_000  # the second is more than is unpacked at once
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "bzip2": bz2.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "lz4": lz4.frame.compress,
}


@pytest.mark.parametrize("kind", PACK)
def test_streams_that_follow_one_another_are_one_file(kind: str) -> None:
    pack = PACK[kind]
    packed = pack(ONE) + pack(OTHER) + pack(ONE)
    assert unpack_whole(packed) == ONE + OTHER + ONE
    assert b"".join(unpack_streams(io.BytesIO(packed))) == ONE + OTHER + ONE


@pytest.mark.parametrize("kind", PACK)
def test_of_an_image_one_stream_is_unpacked(kind: str) -> None:
    packed = PACK[kind](ONE)
    assert unpack(b"head" + packed + packed, at=4) == ONE


@pytest.mark.parametrize("behind", [b"\0" * 1_000, b"something else", b"\0\0\0\0tail"])
@pytest.mark.parametrize("kind", PACK)
def test_what_stands_behind_the_last_stream_is_left(kind: str, behind: bytes) -> None:
    assert unpack_whole(PACK[kind](ONE) + behind) == ONE


def test_xz_streams_may_have_zeros_between_them() -> None:
    assert unpack_whole(lzma.compress(ONE) + bytes(12) + lzma.compress(OTHER)) == ONE + OTHER


def test_a_frame_of_pzstd_is_passed_over() -> None:
    pack = PACK["zstd"]
    skipped = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"size"
    assert unpack_whole(skipped + pack(ONE) + skipped + pack(OTHER)) == ONE + OTHER


@pytest.mark.parametrize("kind", PACK)
def test_a_stream_without_its_end_is_damaged(kind: str) -> None:
    """It was taken for a whole one: half of a .config is one with other options."""
    packed = PACK[kind](OTHER)
    for length in (len(packed) - 1, len(packed) // 2):
        with pytest.raises(BtfError):
            unpack_whole(packed[:length])
        with pytest.raises(BtfError):
            unpack_whole(PACK[kind](ONE) + packed[:length])


def test_a_chunk_of_a_bomb_is_bounded() -> None:
    bomb = zstandard.ZstdCompressor(level=19).compress(bytes(200 << 20))
    assert max(map(len, unpack_streams(io.BytesIO(bomb)))) <= 64 << 20
