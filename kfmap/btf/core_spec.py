"""What a CO-RE relocation names: a field, a type or an enumerator, found in an object or a kernel.

Mirrors bpf_core_parse_spec and bpf_core_spec_match of tools/lib/bpf/relo_core.c. An access string
"0:1:2" becomes the named fields and array indexes on the way; anonymous structs vanish in it.
"""

from __future__ import annotations

from typing import NamedTuple

from kfmap.btf.compat import kinds_are_compatible, types_are_compatible
from kfmap.btf.ext import CoreKind, CoreRelocation
from kfmap.btf.flavor import essential_name
from kfmap.btf.kinds import COMPOSITE, ENUMS, Kind
from kfmap.btf.read import Btf, BtfError, Field
from kfmap.btf.type_match import types_match

_MAX_STEPS = 64  # BPF_CORE_SPEC_MAX_LEN

FIELD_KINDS = frozenset(
    {
        CoreKind.FIELD_BYTE_OFFSET,
        CoreKind.FIELD_BYTE_SIZE,
        CoreKind.FIELD_EXISTS,
        CoreKind.FIELD_SIGNED,
        CoreKind.FIELD_LSHIFT_U64,
        CoreKind.FIELD_RSHIFT_U64,
    }
)
TYPE_KINDS = frozenset(
    {
        CoreKind.TYPE_ID_LOCAL,
        CoreKind.TYPE_ID_TARGET,
        CoreKind.TYPE_EXISTS,
        CoreKind.TYPE_SIZE,
        CoreKind.TYPE_MATCHES,
    }
)
ENUMERATOR_KINDS = frozenset({CoreKind.ENUMVAL_EXISTS, CoreKind.ENUMVAL_VALUE})


class Accessor(NamedTuple):
    """A step: member number `at` of `type_id` and its name, or element `at` of type `type_id`."""

    type_id: int
    at: int
    name: str | None


class Spec(NamedTuple):
    """The path from a root type to what is relocated; empty for types."""

    root_type_id: int
    accessors: tuple[Accessor, ...] = ()
    bit_offset: int = 0


def parse_spec(btf: Btf, relocation: CoreRelocation) -> Spec:
    """Follow the access string through the object's own types.

    Raises BtfError where libbpf refuses it.
    """
    if relocation.kind in TYPE_KINDS:
        if relocation.access != "0":
            raise BtfError(f"access string {relocation.access!r} of a type is not '0'")
        return Spec(relocation.type_id)
    indexes = _parse_access(relocation.access)
    root = btf.resolve(relocation.type_id)
    if relocation.kind in ENUMERATOR_KINDS:
        return _enumerator_spec(btf, relocation.type_id, root, indexes)
    if relocation.kind not in FIELD_KINDS:
        raise BtfError(f"CO-RE relocation of kind {relocation.kind} is not known")
    return _field_spec(btf, relocation.type_id, root, indexes)


def _parse_access(text: str) -> list[int]:
    parts = text.split(":")
    if len(parts) > _MAX_STEPS:
        raise BtfError(f"access string has {len(parts)} steps, at most {_MAX_STEPS} are followed")
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        raise BtfError(f"access string {text[:80]!r} is not made of numbers and colons")
    return list(map(int, parts))


def _enumerator_spec(btf: Btf, type_id: int, root: int, indexes: list[int]) -> Spec:
    if btf.kind(root) not in ENUMS or len(indexes) > 1 or indexes[0] >= btf.vlen(root):
        raise BtfError(f"type {type_id} has no enumerator {indexes[0]}")
    name = btf.enumerators(root)[indexes[0]].name
    return Spec(type_id, (Accessor(root, indexes[0], name),))


def _field_spec(btf: Btf, type_id: int, root: int, indexes: list[int]) -> Spec:
    accessors = [Accessor(root, indexes[0], None)]
    bit_offset = indexes[0] * btf.size(root) * 8
    current = root
    for index in indexes[1:]:
        current = btf.resolve(current)
        kind = btf.kind(current)
        if kind in COMPOSITE:
            member = btf.member(current, index)
            bit_offset += member.bit_offset
            if member.name:
                accessors.append(Accessor(current, index, member.name))
            current = member.type_id
        elif kind is Kind.ARRAY:
            element = element_of(btf, current, index, accessors[-1])
            if element is None:
                raise BtfError(f"array {current} has no element {index}")
            bit_offset += index * btf.size(element) * 8
            accessors.append(Accessor(element, index, None))
            current = element
        else:
            raise BtfError(f"type {current} on the way is {kind.name}: it has no parts")
    return Spec(type_id, tuple(accessors), bit_offset)


def element_of(btf: Btf, array_id: int, index: int, before: Accessor) -> int | None:
    """Return the element type of an array if it has that element; flexible arrays have all."""
    if btf.kind(array_id) is not Kind.ARRAY:
        return None
    array = btf.array(array_id)
    flexible = (
        before.name is not None and array.length == 0 and before.at == btf.vlen(before.type_id) - 1
    )
    if index >= array.length and not flexible:
        return None
    return btf.resolve(array.type_id)


def name_part(spec: Spec, kind: int) -> str:
    """Return what a relocation names within its type: "field se.load", "enumerator X"."""
    if kind in TYPE_KINDS:
        return "type of the same shape"
    names = [item.name if item.name else f"[{item.at}]" for item in spec.accessors]
    if kind not in ENUMERATOR_KINDS:
        names = names[1:]  # the first step is to the whole
    text = ".".join(names).replace(".[", "[")
    return f"{'enumerator' if kind in ENUMERATOR_KINDS else 'field'} {text}"


def match_spec(local: Btf, spec: Spec, kind: int, kernel: Btf, candidate: int) -> Spec | None:
    """Find in type `candidate` of a kernel what `spec` names; None if it has no such part."""
    if kind in TYPE_KINDS:
        compare = types_match if kind == CoreKind.TYPE_MATCHES else types_are_compatible
        fits = compare(local, spec.root_type_id, kernel, candidate)
        return Spec(candidate) if fits else None
    if kind in ENUMERATOR_KINDS:
        return _match_enumerator(spec, kernel, candidate)
    return _match_field(local, spec, kernel, candidate)


def _match_enumerator(spec: Spec, kernel: Btf, candidate: int) -> Spec | None:
    resolved = kernel.resolve(candidate)
    if kernel.kind(resolved) not in ENUMS:
        return None
    wanted = essential_name(spec.accessors[0].name or "")
    for number, (name, _) in enumerate(kernel.enumerators(resolved)):
        if essential_name(name) == wanted:
            return Spec(candidate, (Accessor(resolved, number, name),))
    return None


def _match_field(local: Btf, spec: Spec, kernel: Btf, candidate: int) -> Spec | None:
    accessors: list[Accessor] = []
    bit_offset, current, steps = 0, candidate, 0
    for accessor in spec.accessors:
        current = kernel.resolve(current)
        if accessor.name is not None:
            field = _find_field(local, accessor, kernel, current)
            if field is None:
                return None
            accessors.append(Accessor(field.owner, field.number, accessor.name))
            bit_offset, current = bit_offset + field.bit_offset, field.type_id
            steps += field.steps
            continue
        if accessors:
            element = element_of(kernel, current, accessor.at, accessors[-1])
            if element is None:
                return None
            current = element
        accessors.append(Accessor(current, accessor.at, None))
        bit_offset += accessor.at * kernel.size(current) * 8
        steps += 1
    if steps > _MAX_STEPS:
        raise BtfError(f"the way to the field in type {candidate} has {steps} steps")
    return Spec(candidate, tuple(accessors), bit_offset)


def _find_field(local: Btf, accessor: Accessor, kernel: Btf, type_id: int) -> Field | None:
    """Find a member of the same name in the kernel's type, if its own type is compatible."""
    if kernel.kind(type_id) not in COMPOSITE:
        return None
    field = kernel.fields(type_id).get(accessor.name or "")
    member = local.member(accessor.type_id, accessor.at)
    if field is None or not _fields_fit(local, member.type_id, kernel, field.type_id):
        return None
    return field


def _fields_fit(local: Btf, local_id: int, kernel: Btf, kernel_id: int) -> bool:
    """Mirror bpf_core_fields_are_compat: kinds count, sizes and signs do not."""
    for _ in range(_MAX_STEPS):
        local_id, kernel_id = local.resolve(local_id), kernel.resolve(kernel_id)
        kind, other = local.kind(local_id), kernel.kind(kernel_id)
        if kind in COMPOSITE and other in COMPOSITE:
            return True
        if not kinds_are_compatible(kind, other):
            return False
        if kind is Kind.ARRAY:
            local_id, kernel_id = local.array(local_id).type_id, kernel.array(kernel_id).type_id
            continue
        if kind in ENUMS or kind is Kind.FWD:
            ours = essential_name(local.name(local_id))
            theirs = essential_name(kernel.name(kernel_id))
            return not ours or not theirs or ours == theirs
        if kind is Kind.INT:
            return not (local.integer(local_id).bit_offset or kernel.integer(kernel_id).bit_offset)
        return kind in (Kind.PTR, Kind.FLOAT)
    raise BtfError(f"array {local_id} is nested too deep to be compared")
