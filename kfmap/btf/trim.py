"""Make kernel BTF small enough to ship: what CO-RE relocations and kfunc externs can ask for stays.

That is every named type, whatever those types lead to, variables, and the functions asked for with
their declaration tags. Nothing is merged or reordered, so candidates and ambiguities stay the same;
only type ids are not those of the kernel.
"""

from __future__ import annotations

import lzma
import struct
import sys
from array import array
from collections.abc import Collection

from kfmap.btf.kinds import COMPOSITE, ENUMS, EXTRA_WORDS, MAGIC, REFERENCES, Kind
from kfmap.btf.layout import Words
from kfmap.btf.read import Btf, BtfError

MARK = b"kfmap btf 1\n"
MAX_UNPACKED = 64 << 20

_NAMED_ROOTS = COMPOSITE | ENUMS | {Kind.INT, Kind.FLOAT, Kind.TYPEDEF, Kind.FWD, Kind.VAR}
_NAMED_ELEMENTS = COMPOSITE | ENUMS | {Kind.FUNC_PROTO}
_TYPED_ELEMENTS = COMPOSITE | {Kind.FUNC_PROTO}


def trim_btf(btf: Btf, keep_functions: Collection[str]) -> bytes:
    """Give the smaller BTF, in the byte order of `btf`."""
    kept = _closure(btf, keep_functions)
    new_ids = {old: new for new, old in enumerate(kept, 1)}
    strings = _Strings(btf)
    words = array("I")
    for type_id in kept:
        row = btf.row(type_id)
        for at in _type_words(btf.kind(type_id), len(row)):
            row[at] = new_ids.get(row[at], 0)
        for at in _name_words(btf.kind(type_id), len(row)):
            row[at] = strings.offset(row[at])
        words.extend(row)
    return _write(words, bytes(strings.section), btf.byteorder)


def pack(btf: bytes) -> bytes:
    """Compress BTF for storage; `unpack` undoes it."""
    return MARK + lzma.compress(btf, preset=9 | lzma.PRESET_EXTREME)


def unpack(data: bytes) -> bytes:
    """Give the BTF that was packed."""
    if not data.startswith(MARK):
        raise BtfError(f"not packed BTF: starts with {data[:12]!r}, expected {MARK!r}")
    decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ)
    try:
        unpacked = decompressor.decompress(data[len(MARK) :], MAX_UNPACKED)
    except lzma.LZMAError as error:
        raise BtfError(f"packed BTF is damaged: {error}") from error
    if not decompressor.eof:
        raise BtfError(f"packed BTF is truncated or has more than {MAX_UNPACKED >> 20} MB")
    return unpacked


class _Strings:
    """The new string section; strings come in the order of their first use."""

    def __init__(self, btf: Btf) -> None:
        self.section = bytearray(b"\0")
        self._btf = btf
        self._offsets = {0: 0}

    def offset(self, old: int) -> int:
        new = self._offsets.get(old)
        if new is None:
            new = self._offsets[old] = len(self.section)
            self.section += self._btf.string(old).encode() + b"\0"
        return new


def _type_words(kind: Kind, length: int) -> range:
    """Where in a row of `length` words of this kind type ids are."""
    if kind is Kind.FUNC_PROTO:
        return range(2, length, 2)  # the result, then the second word of each parameter
    if kind in COMPOSITE:
        return range(4, length, 3)
    if kind is Kind.ARRAY:
        return range(3, 5)
    return range(2, 3) if kind in REFERENCES else range(0)


def _name_words(kind: Kind, length: int) -> tuple[int, ...]:
    """Where in a row of `length` words of this kind string offsets are."""
    elements = range(3, length, EXTRA_WORDS[kind][1]) if kind in _NAMED_ELEMENTS else ()
    return (0, *elements)


def _closure(btf: Btf, keep_functions: Collection[str]) -> list[int]:
    """Give the ids of all types to keep, rising."""
    functions = [i for name in keep_functions for i in btf.find_all(name, Kind.FUNC)]
    roots = [i for kind in _NAMED_ROOTS for i in btf.ids_of(kind) if btf.name(i)]
    kept: set[int] = {0}
    waiting = functions + roots
    while waiting:
        type_id = waiting.pop()
        if type_id in kept:
            continue
        kept.add(type_id)
        row = btf.row(type_id)
        waiting.extend(row[at] for at in _type_words(btf.kind(type_id), len(row)))
    tags = [i for i in btf.ids_of(Kind.DECL_TAG) if btf.type_of(i) in kept]
    return sorted(kept.union(tags) - {0})


def _write(words: Words, strings: bytes, byteorder: str) -> bytes:
    mark = "<" if byteorder == "little" else ">"
    if byteorder != sys.byteorder:
        words.byteswap()
    types = words.tobytes()
    header = struct.pack(
        f"{mark}HBBIIIII", MAGIC, 1, 0, 24, 0, len(types), len(types), len(strings)
    )
    return header + types + strings
