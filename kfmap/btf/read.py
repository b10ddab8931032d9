"""Read BTF, the type information of kernels and BPF objects (include/uapi/linux/btf.h).

One pass finds where every type starts; everything else is decoded when it is asked for. The bytes
may be hostile: every id, offset and chain is checked, and what is wrong raises `BtfError`.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import compress, count

from kfmap.btf.kinds import (
    COMPOSITE,
    ENUMS,
    EXTRA_WORDS,
    KIND_FLAG,
    KIND_SHIFT,
    MAX_KIND,
    MAX_VLEN,
    MODIFIERS_AND_TYPEDEFS,
    POINTER_SIZE,
    REFERENCES,
    SIZED,
    Kind,
)
from kfmap.btf.layout import BtfError, Words, extra_words, index_types, read_header
from kfmap.btf.names import Names
from kfmap.btf.rows import Array, Enumerator, Field, Integer, Member, Param, SectionVariable, Tag

__all__ = [
    "Array",
    "Btf",
    "BtfError",
    "Enumerator",
    "Field",
    "Integer",
    "Member",
    "Param",
    "SectionVariable",
    "Tag",
    "read_btf",
]

_MAX_CHAIN = 128  # longest chain of modifiers, typedefs and arrays that is followed
_MAX_STRING = 4096  # longer strings are cut
_MAX_SIZE = 0xFFFFFFFF
_MAX_FIELDS = 65_536
_KINDS = tuple(
    Kind(number) if number in EXTRA_WORDS else Kind.UNKN for number in range(MAX_KIND + 1)
)


class Btf:
    """Types by id, from 0 (void) to `len(btf) - 1`. Made by `read_btf`."""

    def __init__(self, words: Words, starts: Words, strings: bytes, byteorder: str) -> None:
        self._words = words
        self._starts = starts  # index of the second word (info) of each type
        self._text = strings.decode("latin-1")  # one character a byte
        self.byteorder = byteorder
        self._decoded: dict[int, str] = {}
        self._mentioned: dict[str, bool] = {}
        self._fields: dict[int, dict[str, Field]] = {}
        self._decode_budget = 4 * len(strings) + 65536

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def strings_length(self) -> int:
        """Return how many bytes of strings there are: split BTF counts its own after them."""
        return len(self._text)

    # what every type has

    def _at(self, type_id: int) -> int:
        if 0 < type_id < len(self._starts):
            return self._starts[type_id]
        raise BtfError(f"type id {type_id} is outside 1..{len(self._starts) - 1}")

    def _expect(self, type_id: int, kinds: frozenset[Kind]) -> int:
        at = self._at(type_id)
        kind = _KINDS[self._words[at] >> KIND_SHIFT & MAX_KIND]
        if kind not in kinds:
            wanted = "/".join(sorted(item.name for item in kinds))
            raise BtfError(f"type {type_id} is {kind.name}, expected {wanted}")
        return at

    def kind(self, type_id: int) -> Kind:
        """Return the kind; UNKN for void and for kinds that only a layout section describes."""
        if type_id == 0:
            return Kind.UNKN
        starts = self._starts  # asked so often that calling _at() would be a third of the time
        at = starts[type_id] if 0 < type_id < len(starts) else self._at(type_id)
        return _KINDS[self._words[at] >> KIND_SHIFT & MAX_KIND]

    def kind_flag(self, type_id: int) -> bool:
        """Return bit 31 of info: bitfields in a struct, signed enum, union FWD, attribute tag."""
        return type_id != 0 and bool(self._words[self._at(type_id)] & KIND_FLAG)

    def vlen(self, type_id: int) -> int:
        """Return the number of members, parameters, enumerators or variables."""
        return 0 if type_id == 0 else self._words[self._at(type_id)] & MAX_VLEN

    def name(self, type_id: int) -> str:
        """Return the name, empty for void and anonymous types."""
        return "" if type_id == 0 else self.string(self._words[self._at(type_id) - 1])

    def string(self, offset: int) -> str:
        """Return the string at `offset` of the string section, cut to 4096 bytes.

        Raises BtfError where `offset` is outside of it.
        """
        known = self._decoded.get(offset)
        if known is not None:
            return known
        if not 0 <= offset < len(self._text):
            raise BtfError(f"string offset {offset} is outside 0..{len(self._text) - 1}")
        end = self._text.find("\0", offset, offset + _MAX_STRING)
        text = self._text[offset : end if end >= 0 else offset + _MAX_STRING]
        self._decode_budget -= len(text)
        if self._decode_budget < 0:
            raise BtfError("strings overlap so much that the string section is not genuine")
        if not text.isascii():
            text = text.encode("latin-1").decode("utf-8", "backslashreplace")
        self._decoded[offset] = text
        return text

    def row(self, type_id: int) -> Words:
        """Return a copy of the words of a type: name, info, size or type, and what follows them."""
        at = self._at(type_id)
        last = type_id + 1 == len(self._starts)
        return self._words[at - 1 : None if last else self._starts[type_id + 1] - 1]

    # what some kinds have

    def type_of(self, type_id: int) -> int:
        """Return the id that a reference kind refers to (PTR, TYPEDEF, CONST, FUNC, VAR, ...)."""
        return self._words[self._expect(type_id, REFERENCES) + 1]

    def integer(self, type_id: int) -> Integer:
        word = self._words[self._expect(type_id, _INT) + 2]
        return Integer(word >> 24 & 0xF, word >> 16 & 0xFF, word & 0xFF)

    def array(self, type_id: int) -> Array:
        at = self._expect(type_id, _ARRAY) + 2
        return Array(*self._words[at : at + 3])

    def _elements(self, at: int, width: int) -> Words:
        return self._words[at + 2 : at + 2 + width * (self._words[at] & MAX_VLEN)]

    def members(self, type_id: int) -> tuple[Member, ...]:
        """Return the members of a struct or union."""
        at = self._expect(type_id, COMPOSITE)
        rows, bits, string = self._elements(at, 3), self._offset_bits(at), self.string
        mask = (1 << bits) - 1
        return tuple(
            Member(string(name), member, offset & mask, offset >> bits)
            for name, member, offset in zip(rows[::3], rows[1::3], rows[2::3], strict=True)
        )

    def _offset_bits(self, at: int) -> int:
        """Return how many low bits of a member's last word are its offset, the size being above."""
        return 24 if self._words[at] & KIND_FLAG else 32

    def member(self, type_id: int, number: int) -> Member:
        """Return one member of a struct or union.

        Raises BtfError where it has no member of that number.
        """
        at = self._expect(type_id, COMPOSITE)
        if not 0 <= number < self._words[at] & MAX_VLEN:
            raise BtfError(f"type {type_id} has no member {number}")
        name, member, offset = self._words[at + 2 + 3 * number : at + 5 + 3 * number]
        bits = self._offset_bits(at)
        return Member(self.string(name), member, offset & (1 << bits) - 1, offset >> bits)

    def fields(self, type_id: int) -> dict[str, Field]:
        """Return the named members of a struct or union with those of its anonymous members.

        Raises BtfError where they are more, or nested deeper, than in any kernel.
        """
        if type_id not in self._fields:
            fields: dict[str, Field] = {}
            for count, (name, field) in enumerate(self._walk_fields(type_id, 0, 1)):
                if count > _MAX_FIELDS:
                    raise BtfError(f"type {type_id} has more than {_MAX_FIELDS} fields")
                if name:
                    fields.setdefault(name, field)
            self._fields[type_id] = fields
        return self._fields[type_id]

    def _walk_fields(self, type_id: int, base: int, steps: int) -> Iterator[tuple[str, Field]]:
        """Return all members in order, those of anonymous structs after the struct itself."""
        if steps > _MAX_CHAIN:
            raise BtfError(f"anonymous members of type {type_id} are nested too deep")
        for number, (name, member_type, offset, _) in enumerate(self.members(type_id)):
            yield name, Field(type_id, number, base + offset, member_type, steps)
            if not name and self.kind(inner := self.resolve(member_type)) in COMPOSITE:
                yield from self._walk_fields(inner, base + offset, steps + 1)

    def params(self, type_id: int) -> tuple[Param, ...]:
        """Return the parameters of a FUNC_PROTO."""
        rows = self._elements(self._expect(type_id, _FUNC_PROTO), 2)
        return tuple(map(Param, map(self.string, rows[::2]), rows[1::2]))

    def enumerators(self, type_id: int) -> tuple[Enumerator, ...]:
        """Return names and values of an ENUM or ENUM64, signed where kind_flag says so."""
        at = self._expect(type_id, ENUMS)
        signed = bool(self._words[at] & KIND_FLAG)
        if self.kind(type_id) is Kind.ENUM64:
            rows = self._elements(at, 3)
            values = [low | high << 32 for low, high in zip(rows[1::3], rows[2::3], strict=True)]
            bits, names = 64, rows[::3]
        else:
            rows = self._elements(at, 2)
            values, bits, names = rows[1::2].tolist(), 32, rows[::2]
        if signed:
            values = [value - (value >> bits - 1 << bits) for value in values]
        return tuple(map(Enumerator, map(self.string, names), values))

    def variables(self, type_id: int) -> tuple[SectionVariable, ...]:
        """Return the variables of a DATASEC."""
        rows = self._elements(self._expect(type_id, _DATASEC), 3)
        return tuple(map(SectionVariable, rows[::3], rows[1::3], rows[2::3]))

    def linkage(self, type_id: int) -> int:
        """Return STATIC, GLOBAL or EXTERN of a FUNC or VAR."""
        at = self._expect(type_id, _FUNC_OR_VAR)
        if self.kind(type_id) is Kind.VAR:
            return self._words[at + 2]
        return self._words[at] & MAX_VLEN

    def size(self, type_id: int) -> int:
        """Return the size in bytes, through modifiers, typedefs and arrays; pointers have 8.

        Raises BtfError for a type without a size, and for a chain that does not end.
        """
        factor, current = 1, type_id
        for _ in range(_MAX_CHAIN):
            kind = self.kind(current)
            if kind in SIZED or kind is Kind.PTR:
                own = POINTER_SIZE if kind is Kind.PTR else self._words[self._at(current) + 1]
                if factor * own > _MAX_SIZE:
                    raise BtfError(f"type {type_id} has more than {_MAX_SIZE} bytes")
                return factor * own
            if kind is Kind.ARRAY:
                current, _, length = self.array(current)
                factor *= length
            elif kind in MODIFIERS_AND_TYPEDEFS or kind is Kind.VAR:
                current = self.type_of(current)
            else:
                raise BtfError(f"type {type_id} has no size: it leads to {kind.name} {current}")
        raise BtfError(f"type {type_id} starts a chain that does not end")

    # ways through the types

    def resolve(self, type_id: int) -> int:
        """Strip modifiers and typedefs. Raises BtfError where they do not end."""
        current, words, starts = type_id, self._words, self._starts
        for _ in range(_MAX_CHAIN):
            if current == 0:
                return 0
            at = starts[current] if 0 < current < len(starts) else self._at(current)
            if words[at] >> KIND_SHIFT & MAX_KIND not in MODIFIERS_AND_TYPEDEFS:
                return current
            current = words[at + 1]
        raise BtfError(f"type {type_id} starts a chain that does not end")

    @cached_property
    def kinds(self) -> bytes:
        """Kind numbers of all types, one byte an id."""
        words = self._words
        return b"\0" + bytes([words[at] >> KIND_SHIFT & MAX_KIND for at in self._starts[1:]])

    def ids_of(self, kind: Kind) -> Iterator[int]:
        """Return the ids of all types of a kind, rising."""
        column, needle = self.kinds, int(kind)
        at = column.find(needle)
        while at >= 0:
            yield at
            at = column.find(needle, at + 1)

    # names to ids

    def _strings_at(self, offsets: list[int]) -> list[str]:
        """Decode many strings: all at once where nothing is unusual, as in every kernel."""
        text = self._text
        ends = [text.find("\0", offset, offset + _MAX_STRING) for offset in offsets]
        genuine = text.isascii() and sum(ends) - sum(offsets) < self._decode_budget
        if genuine and min(ends, default=0) >= 0:
            return [text[offset:end] for offset, end in zip(offsets, ends, strict=True)]
        return [self.string(offset) for offset in offsets]

    @cached_property
    def _names(self) -> Names:
        words = self._words
        offsets = [words[at - 1] for at in self._starts[1:]]
        named = list(compress(count(1), offsets))  # the string at 0 is no name
        return Names(self._strings_at(list(filter(None, offsets))), named)

    def find_all(self, name: str, *kinds: Kind) -> tuple[int, ...]:
        """Return the ids of all types with that name, rising; only of `kinds` if any are given."""
        ids = self._names.ids(name)
        return tuple(type_id for type_id in ids if self.kind(type_id) in kinds) if kinds else ids

    def find(self, name: str, *kinds: Kind) -> int | None:
        """Return the lowest id with that name (and of these kinds), None if there is none."""
        return next(iter(self.find_all(name, *kinds)), None)

    @cached_property
    def _sections(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for type_id in self.ids_of(Kind.DATASEC):
            found.setdefault(self.name(type_id), []).append(type_id)
        return found

    def sections(self, name: str) -> Sequence[int]:
        """Return the ids of all DATASECs with that name, rising.

        They are few, and the names of all other types are not read for them.
        """
        return self._sections.get(name, ())

    def first_of(self, *kinds: Kind) -> dict[str, int]:
        """Return the lowest id of each name among the types of some kinds."""
        found: dict[str, int] = {}
        for type_id in sorted(type_id for kind in kinds for type_id in self.ids_of(kind)):
            found.setdefault(self.name(type_id), type_id)
        return found

    def mentions(self, text: str) -> bool:
        """Return whether any string has an ASCII text in it; if not, no name need be read."""
        if text not in self._mentioned:
            self._mentioned[text] = text in self._text
        return self._mentioned[text]

    def find_flavors(self, name: str) -> tuple[int, ...]:
        """Return the ids of all types with the same name but for a last `___suffix`, rising."""
        return self._names.flavors(name)

    @cached_property
    def _tags(self) -> dict[int, list[int]]:
        """Return the ids of the declaration tags, by what they are on."""
        tags: dict[int, list[int]] = {}
        for type_id in self.ids_of(Kind.DECL_TAG):
            tags.setdefault(self._words[self._starts[type_id] + 1], []).append(type_id)
        return tags

    def _tag(self, type_id: int) -> Tag:
        component = self._words[self._starts[type_id] + 2]
        return Tag(self.name(type_id), component - (component >> 31 << 32))

    def tags(self, type_id: int) -> tuple[Tag, ...]:
        """Return the declaration tags on a type, its members or parameters."""
        return tuple(map(self._tag, self._tags.get(type_id, ())))


_INT = frozenset({Kind.INT})
_ARRAY = frozenset({Kind.ARRAY})
_FUNC_PROTO = frozenset({Kind.FUNC_PROTO})
_DATASEC = frozenset({Kind.DATASEC})
_FUNC_OR_VAR = frozenset({Kind.FUNC, Kind.VAR})


def read_btf(data: bytes) -> Btf:
    """Read raw BTF of either byte order (a .BTF section or /sys/kernel/btf/vmlinux).

    Raises BtfError where the bytes are not BTF, or damaged.
    """
    header = read_header(data)
    start, end = header.types
    words = array("I")
    words.frombytes(memoryview(data)[start:end])
    if header.byteorder != sys.byteorder:
        words.byteswap()
    strings = bytes(memoryview(data)[header.strings[0] : header.strings[1]])
    if not strings or strings[0] or strings[-1]:
        raise BtfError(
            f"string section at byte {header.strings[0]} does not start and end with a zero byte: "
            "the BTF is damaged"
        )
    starts = index_types(words, extra_words(data, header))
    return Btf(words, starts, strings, header.byteorder)
