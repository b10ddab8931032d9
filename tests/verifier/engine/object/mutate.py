"""Break objects at random, but the same way every time: bytes, headers, symbols, BTF, code."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random
from typing import Literal

_HEADER_SIZE = 64
_ENTRY_SIZE = 64
_SYMBOL_SIZE = 24
_SLOT = 8
_EXECUTABLE = 4
_SYMTAB, _REL = 2, 9
# values at which arithmetic on sizes, offsets and indexes goes wrong
_EDGES = (0, 1, 2, 7, 8, 0x7F, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000)
_WIDE_EDGES = (*_EDGES, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1, (1 << 64) - 1)


class Layout:
    """Where the parts of a well-kept object are."""

    def __init__(self, data: bytes) -> None:
        self.order: Literal["little", "big"] = "little" if data[5] == 1 else "big"
        mark = "<" if data[5] == 1 else ">"
        (self.table,) = struct.unpack_from(f"{mark}Q", data, 40)
        (self.count,) = struct.unpack_from(f"{mark}H", data, 60)
        rows = [
            struct.unpack_from(f"{mark}IIQQQQ", data, self.table + _ENTRY_SIZE * number)
            for number in range(self.count)
        ]
        names = rows[struct.unpack_from(f"{mark}H", data, 62)[0]][4]
        self.spans: dict[str, list[tuple[int, int]]] = {}
        for name, kind, flags, _, offset, size in rows:
            if not size:
                continue
            start = names + name
            text = data[start : data.index(0, start)].decode()
            part = {_SYMTAB: "symbols", _REL: "relocations"}.get(kind, text)
            self.spans.setdefault("code" if flags & _EXECUTABLE else part, []).append(
                (offset, size)
            )


def mutate(data: bytes, layout: Layout, random: Random) -> bytes:
    """Return a copy with one to four things changed."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        random.choice(_MUTATIONS)(changed, layout, random)
    return bytes(changed)


def _bytes(data: bytearray, layout: Layout, random: Random) -> None:
    for _ in range(random.choice((1, 2, 8, 64))):
        if data:
            data[random.randrange(len(data))] = random.randrange(256)


def _cut(data: bytearray, layout: Layout, random: Random) -> None:
    del data[random.randrange(len(data) + 1) :]


def _file_header(data: bytearray, layout: Layout, random: Random) -> None:
    _put(data, layout, 4 * random.randrange(4, _HEADER_SIZE // 4), 4, random)


def _section_header(data: bytearray, layout: Layout, random: Random) -> None:
    row = layout.table + _ENTRY_SIZE * random.randrange(layout.count)
    offset, size = random.choice(
        ((0, 4), (4, 4), (8, 8), (24, 8), (32, 8), (40, 4), (44, 4), (56, 8))
    )
    _put(data, layout, row + offset, size, random)


def _swap_sections(data: bytearray, layout: Layout, random: Random) -> None:
    """Let two headers change places, so that every index means another section."""
    first, second = (layout.table + _ENTRY_SIZE * random.randrange(layout.count) for _ in "12")
    if max(first, second) + _ENTRY_SIZE <= len(data):
        row = data[first : first + _ENTRY_SIZE]
        data[first : first + _ENTRY_SIZE] = data[second : second + _ENTRY_SIZE]
        data[second : second + _ENTRY_SIZE] = row


def _symbol(data: bytearray, layout: Layout, random: Random) -> None:
    start, size = random.choice(layout.spans["symbols"])
    row = start + _SYMBOL_SIZE * random.randrange(size // _SYMBOL_SIZE)
    offset, width = random.choice(((0, 4), (4, 1), (5, 1), (6, 2), (8, 8), (16, 8)))
    _put(data, layout, row + offset, width, random)


def _relocation(data: bytearray, layout: Layout, random: Random) -> None:
    start, size = random.choice(layout.spans["relocations"])
    _put(data, layout, start + 8 * random.randrange(size // 8), 8, random)


def _btf(data: bytearray, layout: Layout, random: Random) -> None:
    spans = layout.spans.get(".BTF", []) + layout.spans.get(".BTF.ext", [])
    if spans:
        start, size = random.choice(spans)
        for _ in range(random.choice((1, 1, 4))):
            _put(data, layout, start + 4 * random.randrange(size // 4), 4, random)


def _instruction(data: bytearray, layout: Layout, random: Random) -> None:
    start, size = random.choice(layout.spans["code"])
    slot = start + _SLOT * random.randrange(size // _SLOT)
    offset, width = random.choice(((0, 1), (1, 1), (2, 2), (4, 4)))
    _put(data, layout, slot + offset, width, random)


def _instructions(data: bytearray, layout: Layout, random: Random) -> None:
    """Repeat some instructions elsewhere: jumps and calls then lead somewhere else."""
    start, size = random.choice(layout.spans["code"])
    length = _SLOT * random.randrange(1, 1 + min(8, size // _SLOT))
    source, target = (start + _SLOT * random.randrange((size - length) // _SLOT + 1) for _ in "12")
    if max(source, target) + length <= len(data):
        data[target : target + length] = data[source : source + length]


def _put(data: bytearray, layout: Layout, offset: int, size: int, random: Random) -> None:
    """Change a number: to an edge, by a little, or to anything."""
    if offset + size > len(data):
        return
    value = int.from_bytes(data[offset : offset + size], layout.order)
    how = random.randrange(3)
    if how == 0:
        value = random.choice(_WIDE_EDGES)
    elif how == 1:
        value += random.choice((-8, -1, 1, 8))
    else:
        value = random.getrandbits(8 * size)
    value &= (1 << 8 * size) - 1
    data[offset : offset + size] = value.to_bytes(size, layout.order)


_MUTATIONS: tuple[Callable[[bytearray, Layout, Random], None], ...] = (
    _bytes,
    _cut,
    _file_header,
    _section_header,
    _section_header,
    _swap_sections,
    _symbol,
    _symbol,
    _relocation,
    _relocation,
    _btf,
    _btf,
    _instruction,
    _instruction,
    _instructions,
)
