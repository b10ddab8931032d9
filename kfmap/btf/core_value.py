"""The number a CO-RE relocation stands for, once what it names is found.

Mirrors bpf_core_calc_{field,type,enumval}_relo of tools/lib/bpf/relo_core.c.
"""

from __future__ import annotations

from typing import NamedTuple

from kfmap.btf.core_spec import ENUMERATOR_KINDS, FIELD_KINDS, Spec
from kfmap.btf.ext import CoreKind
from kfmap.btf.kinds import ENUMS, INT_SIGNED, Kind
from kfmap.btf.read import Btf, BtfError

_MASK = (1 << 64) - 1
_MAX_NESTED = 64


class Value(NamedTuple):
    """A value as u64. `size` and `type_id`: of the accessed field for byte offsets, else 0.

    `exact`: the loader insists that the instruction holds the object's own value before.
    """

    value: int
    size: int = 0
    type_id: int = 0
    exact: bool = True


class _Span(NamedTuple):
    """Where a field is read: `byte_offset` and `byte_size` of the load, and its bits."""

    byte_offset: int
    byte_size: int
    bit_offset: int
    bits: int
    is_bitfield: bool
    type_id: int


def value_of(btf: Btf, spec: Spec | None, kind: int) -> Value | None:
    """Return the value for what `spec` names in `btf` (None: not there); None poisons."""
    if kind == CoreKind.FIELD_EXISTS or kind == CoreKind.ENUMVAL_EXISTS:
        return Value(int(spec is not None))
    if kind in FIELD_KINDS:
        return None if spec is None else _field_value(btf, spec, kind)
    if kind in ENUMERATOR_KINDS:
        return None if spec is None else _enumerator_value(btf, spec)
    if spec is None:
        return Value(0)
    if kind == CoreKind.TYPE_SIZE:
        return Value(btf.size(spec.root_type_id))
    if kind == CoreKind.TYPE_ID_TARGET:
        return Value(spec.root_type_id, exact=False)
    return Value(1)


def may_poison(kind: int) -> bool:
    """Return whether the instruction of a relocation becomes invalid where a kernel lacks what it
    names, and has no value that says so."""
    if kind in (CoreKind.FIELD_EXISTS, CoreKind.ENUMVAL_EXISTS):
        return False
    return kind in FIELD_KINDS or kind in ENUMERATOR_KINDS


def _enumerator_value(btf: Btf, spec: Spec) -> Value:
    """Return an enumerator; 32-bit ones are sign-extended even if their enum is unsigned."""
    enum, index, _ = spec.accessors[0]
    value = btf.enumerators(enum)[index].value
    if btf.kind(enum) is Kind.ENUM and not btf.kind_flag(enum):
        value -= (value >> 31) << 32
    return Value(value & _MASK)


def _field_value(btf: Btf, spec: Spec, kind: int) -> Value:
    owner, index, name = spec.accessors[-1]
    if name is None:
        if kind == CoreKind.FIELD_BYTE_OFFSET:
            return Value(spec.bit_offset // 8, _element_size(btf, owner), owner)
        if kind == CoreKind.FIELD_BYTE_SIZE:
            return Value(btf.size(owner))
        raise BtfError(f"CO-RE relocation of kind {kind} cannot be applied to an array element")
    span = _span(btf, spec, owner, index)
    exact = not span.is_bitfield
    if kind == CoreKind.FIELD_BYTE_OFFSET:
        if span.is_bitfield:
            return Value(span.byte_offset, exact=False)
        return Value(span.byte_offset, _element_size(btf, span.type_id), span.type_id)
    if kind == CoreKind.FIELD_BYTE_SIZE:
        return Value(span.byte_size, exact=exact)
    if kind == CoreKind.FIELD_SIGNED:
        return Value(int(_is_signed(btf, span.type_id)))
    if kind == CoreKind.FIELD_RSHIFT_U64:
        return Value(64 - span.bits & _MASK)
    start = span.bit_offset - 8 * span.byte_offset
    if btf.byteorder == "little":
        return Value(64 - (start + span.bits) & _MASK, exact=exact)
    return Value((8 - span.byte_size) * 8 + start & _MASK, exact=exact)


def _span(btf: Btf, spec: Spec, owner: int, index: int) -> _Span:
    """Find the bytes to load: of the field, or the smallest aligned integer around a bitfield."""
    member = btf.member(owner, index)
    type_id = btf.resolve(member.type_id)
    size, bits = btf.size(type_id), member.bitfield_size
    if not bits:
        return _Span(spec.bit_offset // 8, size, spec.bit_offset, size * 8, False, type_id)
    if not size:
        raise BtfError(f"bitfield {member.name} of type {owner} has a type without size")
    start = spec.bit_offset // 8 // size * size
    while spec.bit_offset + bits - start * 8 > size * 8:
        if size >= 8:
            raise BtfError(f"bitfield {member.name} of type {owner} does not fit into 64 bits")
        size *= 2
        start = spec.bit_offset // 8 // size * size
    return _Span(start, size, spec.bit_offset, bits, True, type_id)


def _element_size(btf: Btf, type_id: int) -> int:
    """Return the size of a field, of one innermost element for arrays: what a load reads."""
    current = btf.resolve(type_id)
    for _ in range(_MAX_NESTED):
        if btf.kind(current) is not Kind.ARRAY:
            return btf.size(current)
        current = btf.resolve(btf.array(current).type_id)
    raise BtfError(f"array {type_id} is nested too deep")


def _is_signed(btf: Btf, type_id: int) -> bool:
    kind = btf.kind(type_id)
    if kind is Kind.INT:
        return bool(btf.integer(type_id).encoding & INT_SIGNED)
    return kind in ENUMS and btf.kind_flag(type_id)
