"""Find the parts of BTF: header, sections, and where each type starts (struct btf_header)."""

from __future__ import annotations

import struct
import sys
from array import array
from typing import NamedTuple, TypeAlias

from kfmap.btf.kinds import EXTRA_WORDS, KIND_SHIFT, MAGIC, MAX_KIND, MAX_VLEN

Words: TypeAlias = "array[int]"

_MIN_HEADER = 24
_LAYOUT_HEADER = 32  # headers from this length on have a layout section


class BtfError(ValueError):
    """The bytes are not BTF that can be read: says where and what to do."""


class Header(NamedTuple):
    """struct btf_header; offsets are from the start of the data."""

    byteorder: str
    types: tuple[int, int]
    strings: tuple[int, int]
    layout: tuple[int, int]


class _Steps(dict[int, int]):
    """info → words from one type to the next; remembers, since few different infos occur."""

    def __init__(self, extra: dict[int, tuple[int, int]]) -> None:
        super().__init__()
        self._extra = extra

    def __missing__(self, info: int) -> int:
        fixed, each = self._extra[info >> KIND_SHIFT & MAX_KIND]
        step = self[info] = 3 + fixed + each * (info & MAX_VLEN)
        return step


def read_header(data: bytes) -> Header:
    """Read the header of raw BTF, which says the byte order, too. Raises BtfError."""
    if len(data) < _MIN_HEADER:
        raise BtfError(f"{len(data)} bytes are less than a BTF header ({_MIN_HEADER} bytes)")
    for mark in "<>":
        magic, version, _, size = struct.unpack_from(f"{mark}HBBI", data)
        if magic == MAGIC:
            break
    else:
        raise BtfError(f"no BTF: starts with {data[:4].hex()}, not with the magic number eb9f")
    if version != 1:
        raise BtfError(f"BTF version {version} is not known; only version 1 exists so far")
    if not _MIN_HEADER <= size <= len(data):
        raise BtfError(f"header length {size} does not fit into {len(data)} bytes")
    words = 6 if size >= _LAYOUT_HEADER else 4
    numbers = struct.unpack_from(f"{mark}{words}I", data, 8) + (0,) * (6 - words)
    spans = []
    for what, offset, length in zip(
        ("type", "string", "layout"), numbers[::2], numbers[1::2], strict=True
    ):
        start = size + offset
        if start + length > len(data):
            raise BtfError(
                f"{what} section (bytes {start} to {start + length}) ends after the data "
                f"({len(data)} bytes): the file is truncated, copy it again"
            )
        spans.append((start, start + length))
    if numbers[1] % 4:
        raise BtfError(f"length of the type section, {numbers[1]}, is not a multiple of 4")
    return Header("little" if mark == "<" else "big", *spans)


def extra_words(data: bytes, header: Header) -> dict[int, tuple[int, int]]:
    """Return what follows each kind; the layout section may add kinds (struct btf_layout)."""
    start, end = header.layout
    extra = dict(EXTRA_WORDS)
    for kind, at in enumerate(range(start, min(end, start + 4 * MAX_KIND) - 3, 4)):
        fixed, each = data[at], data[at + 1]
        if kind not in extra and kind and not (fixed % 4 or each % 4):
            extra[kind] = (fixed // 4, each // 4)
    return extra


def index_types(words: Words, extra: dict[int, tuple[int, int]]) -> Words:
    """Find the info word of each type; that of id 0, void, is never looked at.

    Raises BtfError where a type does not end within the section, or is of a kind not described.
    """
    starts = array("I", [0])
    append = starts.append
    steps = _Steps(extra)
    at, end = 1, len(words)
    try:
        while at < end:
            append(at)
            at += steps[words[at]]
    except KeyError:
        kind = words[at] >> KIND_SHIFT & MAX_KIND
        raise BtfError(
            f"type {len(starts) - 1} at byte {4 * at - 4} of the type section has kind {kind}, "
            "which is not known and not described by a layout section"
        ) from None
    if at != end + 1:
        raise BtfError(
            f"the type section ends in the middle of type {len(starts) - 1}: the BTF is damaged"
        )
    return starts


def write_btf(words: Words, strings: bytes, byteorder: str) -> bytes:
    """Put a header before types and strings; `words` are swapped in place if need be."""
    if byteorder != sys.byteorder:
        words.byteswap()
    types = words.tobytes()
    lengths = (0, len(types), len(types), len(strings))
    mark = "<" if byteorder == "little" else ">"
    header = struct.pack(f"{mark}HBBI4I", MAGIC, 1, 0, _MIN_HEADER, *lengths)
    return header + types + strings
