"""The parts of a type, as `Btf` gives them: members, parameters, enumerators and so on."""

from __future__ import annotations

from typing import NamedTuple


class Member(NamedTuple):
    """A member of a struct or union; `bitfield_size` in bits, 0 for other members."""

    name: str
    type_id: int
    bit_offset: int
    bitfield_size: int


class Field(NamedTuple):
    """A named member, seen through anonymous structs; `bit_offset` from the outermost one.

    It is member `number` of `owner`; `steps` is 1 and one more for each struct on the way.
    """

    owner: int
    number: int
    bit_offset: int
    type_id: int
    steps: int


class Param(NamedTuple):
    """A parameter; the last one of a variadic function has no name and type 0."""

    name: str
    type_id: int


class Enumerator(NamedTuple):
    name: str
    value: int


class Array(NamedTuple):
    type_id: int
    index_type_id: int
    length: int


class Integer(NamedTuple):
    """How an INT is encoded: `encoding` of INT_* bits, `bits` from `bit_offset` on."""

    encoding: int
    bit_offset: int
    bits: int


class SectionVariable(NamedTuple):
    """A VAR in a DATASEC; `offset` and `size` in bytes."""

    type_id: int
    offset: int
    size: int


class Tag(NamedTuple):
    """A declaration tag; `component` is the member or parameter it is on, -1 for the whole."""

    name: str
    component: int
