"""Write BTF and .BTF.ext in tests, type by type; every method gives the id of the type it adds."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from kfmap.btf.kinds import GLOBAL, KIND_FLAG, KIND_SHIFT, MAGIC, Kind

MemberRow = tuple[str, int, int] | tuple[str, int, int, int]


class BtfWriter:
    """Builds one BTF blob; ids start at 1 and count up."""

    def __init__(self, byteorder: str = "little") -> None:
        self.mark = "<" if byteorder == "little" else ">"
        self.types = bytearray()
        self.strings = bytearray(b"\0")
        self.count = 0
        self._offsets = {"": 0}

    def string(self, text: str) -> int:
        if text not in self._offsets:
            self._offsets[text] = len(self.strings)
            self.strings += text.encode() + b"\0"
        return self._offsets[text]

    def add(
        self,
        kind: int,
        name: str = "",
        size_or_type: int = 0,
        extra: Sequence[int] = (),
        vlen: int = 0,
        flag: bool = False,
    ) -> int:
        """Add any type; `extra` are the 32-bit words after struct btf_type."""
        info = kind << KIND_SHIFT | vlen | (KIND_FLAG if flag else 0)
        words = (self.string(name), info, size_or_type, *(word & 0xFFFFFFFF for word in extra))
        self.types += struct.pack(f"{self.mark}{len(words)}I", *words)
        self.count += 1
        return self.count

    def build(self, layout: bytes = b"") -> bytes:
        """Return the blob; with `layout` the header has a layout section, as from 7.1 on."""
        lengths = [0, len(self.types), len(self.types), len(self.strings)]
        if layout:
            lengths += [len(self.types) + len(self.strings), len(layout)]
        size = 8 + 4 * len(lengths)
        header = struct.pack(f"{self.mark}HBBI{len(lengths)}I", MAGIC, 1, 0, size, *lengths)
        return header + bytes(self.types) + bytes(self.strings) + layout

    # one method a kind

    def integer(self, name: str, size: int = 4, encoding: int = 0, bit_offset: int = 0) -> int:
        word = encoding << 24 | bit_offset << 16 | 8 * size
        return self.add(Kind.INT, name, size, [word])

    def pointer(self, type_id: int) -> int:
        return self.add(Kind.PTR, "", type_id)

    def const(self, type_id: int) -> int:
        return self.add(Kind.CONST, "", type_id)

    def typedef(self, name: str, type_id: int) -> int:
        return self.add(Kind.TYPEDEF, name, type_id)

    def array(self, type_id: int, length: int, index_type: int = 0) -> int:
        return self.add(Kind.ARRAY, "", 0, [type_id, index_type, length])

    def struct(
        self, name: str, size: int, members: Sequence[MemberRow] = (), kind: Kind = Kind.STRUCT
    ) -> int:
        """Add a struct; members are (name, type, bit offset[, bits of a bitfield])."""
        bitfields = any(len(row) == 4 for row in members)
        extra: list[int] = []
        for name_, type_id, offset, *bits in members:
            word = offset | (bits[0] << 24 if bits else 0)
            extra += [self.string(name_), type_id, word]
        return self.add(kind, name, size, extra, len(members), bitfields)

    def union(self, name: str, size: int, members: Sequence[MemberRow] = ()) -> int:
        return self.struct(name, size, members, Kind.UNION)

    def enum(
        self, name: str, values: Sequence[tuple[str, int]], size: int = 4, signed: bool = False
    ) -> int:
        extra = [word for text, value in values for word in (self.string(text), value)]
        return self.add(Kind.ENUM, name, size, extra, len(values), signed)

    def enum64(self, name: str, values: Sequence[tuple[str, int]], signed: bool = False) -> int:
        extra = [word for text, value in values for word in (self.string(text), value, value >> 32)]
        return self.add(Kind.ENUM64, name, 8, extra, len(values), signed)

    def forward(self, name: str, union: bool = False) -> int:
        return self.add(Kind.FWD, name, 0, flag=union)

    def prototype(self, result: int, params: Sequence[tuple[str, int]] = ()) -> int:
        extra = [word for name, type_id in params for word in (self.string(name), type_id)]
        return self.add(Kind.FUNC_PROTO, "", result, extra, len(params))

    def function(
        self,
        name: str,
        result: int = 0,
        params: Sequence[tuple[str, int]] = (),
        linkage: int = GLOBAL,
    ) -> int:
        """Add a prototype and the function with it; gives the id of the function."""
        return self.add(Kind.FUNC, name, self.prototype(result, params), vlen=linkage)

    def variable(self, name: str, type_id: int, linkage: int = GLOBAL) -> int:
        return self.add(Kind.VAR, name, type_id, [linkage])

    def section(self, name: str, size: int, rows: Sequence[tuple[int, int, int]]) -> int:
        extra = [word for row in rows for word in row]
        return self.add(Kind.DATASEC, name, size, extra, len(rows))

    def declaration_tag(self, text: str, type_id: int, component: int = -1) -> int:
        return self.add(Kind.DECL_TAG, text, type_id, [component])

    def type_tag(self, text: str, type_id: int) -> int:
        return self.add(Kind.TYPE_TAG, text, type_id)


Rows = Mapping[str, Sequence[Sequence[int]]]


def write_btf_ext(
    btf: BtfWriter,
    functions: Rows | None = None,
    lines: Rows | None = None,
    core: Rows | None = None,
    record_words: tuple[int, int, int] = (2, 4, 4),
) -> bytes:
    """Write .BTF.ext; rows by section start with a byte offset, strings are offsets of `btf`.

    `record_words` may be larger than the rows: they are filled up with zeros.
    """
    parts = [
        _part(btf, rows or {}, words)
        for rows, words in zip((functions, lines, core), record_words, strict=True)
    ]
    spans: list[int] = []
    for index, part in enumerate(parts):
        spans += [sum(map(len, parts[:index])), len(part)]
    return struct.pack(f"{btf.mark}HBBI6I", MAGIC, 1, 0, 32, *spans) + b"".join(parts)


def _part(btf: BtfWriter, rows: Rows, record_words: int) -> bytes:
    if not rows:
        return b""
    words = [4 * record_words]
    for section, records in rows.items():
        words += [btf.string(section), len(records)]
        for record in records:
            words += [*record, *[0] * (record_words - len(record))]
    return struct.pack(f"{btf.mark}{len(words)}I", *words)
