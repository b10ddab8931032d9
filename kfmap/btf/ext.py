"""Read .BTF.ext: where functions start, source lines and CO-RE relocations.

Mirrors struct btf_ext_header and its neighbours in tools/lib/bpf/libbpf_internal.h.

Records stay in columns, one array per field; what reads a whole section walks the columns.
"""

from __future__ import annotations

import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

from kfmap.btf.kinds import MAGIC
from kfmap.btf.read import Btf, BtfError
from kfmap.quick_dataclass import dataclass

_SLOT = 8  # bytes of an instruction slot
_MIN_HEADER = 24
_CORE_HEADER = 32  # headers from this length on have CO-RE relocations


class CoreKind(IntEnum):
    """enum bpf_core_relo_kind."""

    FIELD_BYTE_OFFSET = 0
    FIELD_BYTE_SIZE = 1
    FIELD_EXISTS = 2
    FIELD_SIGNED = 3
    FIELD_LSHIFT_U64 = 4
    FIELD_RSHIFT_U64 = 5
    TYPE_ID_LOCAL = 6
    TYPE_ID_TARGET = 7
    TYPE_EXISTS = 8
    TYPE_SIZE = 9
    ENUMVAL_EXISTS = 10
    ENUMVAL_VALUE = 11
    TYPE_MATCHES = 12


class Line(NamedTuple):
    """A source line; `text` is the line itself as the compiler kept it."""

    file: str
    line: int
    column: int
    text: str


class CoreRelocation(NamedTuple):
    """What the loader is to write at `slot`; `access` is like "0:1:2", indexes of members."""

    slot: int
    type_id: int
    access: str
    kind: int


@dataclass(frozen=True, slots=True)
class FunctionInfo:
    """Columns: the slot where a function starts and its FUNC."""

    slots: array[int]
    type_ids: array[int]


@dataclass(frozen=True, slots=True)
class LineInfo:
    """Columns, rising by `offsets`, in bytes; `files` and `texts` are string offsets.

    A position is line << 10 | column.
    """

    offsets: array[int]
    files: array[int]
    texts: array[int]
    positions: array[int]


@dataclass(frozen=True, slots=True)
class CoreInfo:
    """Columns of CO-RE relocations; `accesses` are string offsets."""

    slots: array[int]
    type_ids: array[int]
    accesses: array[int]
    kinds: array[int]


@dataclass(frozen=True, slots=True)
class BtfExt:
    """What .BTF.ext says, by the name of the executable section. Slots count from its start."""

    btf: Btf
    functions: Mapping[str, FunctionInfo]
    lines: Mapping[str, LineInfo]
    core: Mapping[str, CoreInfo]

    def line(self, section: str, slot: int) -> Line | None:
        """Return the source line of an instruction, None if none is known or readable."""
        info = self.lines.get(section)
        at = bisect_right(info.offsets, (slot + 1) * _SLOT - 1) - 1 if info else -1
        if info is None or at < 0:
            return None
        position = info.positions[at]
        try:
            file, text = self.btf.string(info.files[at]), self.btf.string(info.texts[at])
        except BtfError:
            return None
        return Line(file, position >> 10, position & 0x3FF, text)

    def core_relocations(self, section: str) -> tuple[CoreRelocation, ...]:
        """Return the CO-RE relocations of a section in the order of the file."""
        info = self.core.get(section)
        if info is None:
            return ()
        accesses = map(self.btf.string, info.accesses)
        return tuple(map(CoreRelocation, info.slots, info.type_ids, accesses, info.kinds))


def read_btf_ext(data: bytes, btf: Btf) -> BtfExt:
    """Read a .BTF.ext section; `btf` is the .BTF of the same object, whose strings it uses.

    Raises BtfError where it is damaged.
    """
    mark, header_size, spans = _read_header(data)
    byteorder = "little" if mark == "<" else "big"
    parts = []
    for (what, minimum), (start, length) in zip(_PARTS, spans, strict=True):
        start += header_size
        if start + length > len(data):
            raise BtfError(
                f".BTF.ext: {what} (bytes {start} to {start + length}) ends after the data "
                f"({len(data)} bytes): the object is truncated, build it again"
            )
        part = memoryview(data)[start : start + length]
        parts.append(_read_part(part, _Layout(what, minimum, start, byteorder), btf))
    functions, lines, core = parts
    return BtfExt(
        btf,
        {name: FunctionInfo(_slots(at), *rest) for name, (at, *rest) in functions.items()},
        {name: _sorted_lines(LineInfo(*columns)) for name, columns in lines.items()},
        {name: CoreInfo(_slots(at), *rest) for name, (at, *rest) in core.items()},
    )


_PARTS = (("function information", 8), ("line information", 16), ("CO-RE relocations", 16))


class _Layout(NamedTuple):
    what: str
    minimum: int
    start: int
    byteorder: str


def _read_header(data: bytes) -> tuple[str, int, tuple[tuple[int, int], ...]]:
    if len(data) < _MIN_HEADER:
        raise BtfError(
            f".BTF.ext: {len(data)} bytes are less than its header ({_MIN_HEADER} bytes)"
        )
    for mark in "<>":
        magic, version, _, size = struct.unpack_from(f"{mark}HBBI", data)
        if magic == MAGIC:
            break
    else:
        raise BtfError(f".BTF.ext: starts with {data[:2].hex()}, not with the magic number eb9f")
    if version != 1:
        raise BtfError(f".BTF.ext: version {version} is not known; only version 1 exists so far")
    if not _MIN_HEADER <= size <= len(data):
        raise BtfError(f".BTF.ext: header length {size} does not fit into {len(data)} bytes")
    words = 6 if size >= _CORE_HEADER else 4
    numbers = struct.unpack_from(f"{mark}{words}I", data, 8) + (0,) * (6 - words)
    return mark, size, tuple(zip(numbers[::2], numbers[1::2], strict=True))


def _read_part(part: memoryview, layout: _Layout, btf: Btf) -> dict[str, list[array[int]]]:
    """Read the records of one kind as columns by section; what is past the known fields is left."""
    if not part:
        return {}
    if len(part) % 4:
        raise BtfError(f".BTF.ext: length of {layout.what}, {len(part)}, is not a multiple of 4")
    words = array("I")
    words.frombytes(part)
    if layout.byteorder != sys.byteorder:
        words.byteswap()
    record = words[0]
    if record < layout.minimum or record % 4:
        raise BtfError(
            f".BTF.ext: records of {layout.what} have {record} bytes, expected a multiple of 4 "
            f"from {layout.minimum} on"
        )
    columns: dict[str, list[array[int]]] = {}
    at, width = 1, record // 4
    while at < len(words):
        count = words[at + 1] if at + 1 < len(words) else len(words)
        end = at + 2 + count * width
        if end > len(words) or not count:
            raise BtfError(
                f".BTF.ext: {layout.what} at byte {layout.start + 4 * at} announce {count} "
                "records: none, or more than there are bytes"
            )
        rows = words[at + 2 : end]
        read = [rows[field::width] for field in range(layout.minimum // 4)]
        _extend(columns.setdefault(btf.string(words[at]), []), read)
        at = end
    return columns


def _extend(known: list[array[int]], read: list[array[int]]) -> None:
    """Append columns, for sections that occur more than once."""
    if not known:
        known.extend(read)
        return
    for column, more in zip(known, read, strict=True):
        column.extend(more)


def _slots(offsets: array[int]) -> array[int]:
    return array("I", [offset // _SLOT for offset in offsets])


def _sorted_lines(info: LineInfo) -> LineInfo:
    offsets = info.offsets
    if offsets == array("I", sorted(offsets)):
        return info
    order = sorted(range(len(offsets)), key=offsets.__getitem__)
    columns = (offsets, info.files, info.texts, info.positions)
    return LineInfo(*(array("I", [column[i] for i in order]) for column in columns))
