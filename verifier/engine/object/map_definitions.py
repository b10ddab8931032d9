"""Read one BTF map definition, member by member.

Mirrors parse_btf_map_def() of tools/lib/bpf/libbpf.c (read in Linux 7.3): what it does not accept
keeps the object from being opened.
"""

from __future__ import annotations

from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf, BtfError, Member
from kfmap.quick_dataclass import dataclass

PROGRAM_ARRAY = 3  # BPF_MAP_TYPE_PROG_ARRAY
HASH_OF_MAPS = 13  # BPF_MAP_TYPE_HASH_OF_MAPS
MAPS_OF_MAPS = (12, HASH_OF_MAPS)  # BPF_MAP_TYPE_ARRAY_OF_MAPS
_PINNINGS = (0, 1)  # LIBBPF_PIN_NONE, LIBBPF_PIN_BY_NAME
DESCRIPTOR_SIZE = 4  # of what is kept in maps of maps and of programs
_PLAIN = {"type": "kind", "max_entries": "max_entries", "map_flags": "flags"}


class MapProblem(ValueError):
    """libbpf does not accept the definition: says which member and why."""


@dataclass(slots=True)
class MapDefinition:
    """What a definition says; types are ids in the object's BTF, 0 where only a size is given."""

    kind: int = 0
    max_entries: int = 0
    flags: int = 0
    key_size: int = 0
    value_size: int = 0
    key_type: int = 0
    value_type: int = 0
    inner: MapDefinition | None = None


def read_map_definition(btf: Btf, type_id: int, found: MapDefinition) -> None:
    """Read the struct of a map variable into `found`, as far as it goes. Raises MapProblem."""
    _read_struct(btf, type_id, found, is_inner=False)
    if not found.kind:
        raise MapProblem("has no type: add __uint(type, BPF_MAP_TYPE_...)")


def _read_struct(btf: Btf, type_id: int, found: MapDefinition, is_inner: bool) -> None:
    struct = btf.resolve(type_id)
    if btf.kind(struct) is not Kind.STRUCT:
        raise MapProblem("is not a struct of __uint() and __type() members")
    members = btf.members(struct)
    for member in members:
        try:
            _read_member(btf, member, found, is_inner, member is members[-1])
        except BtfError as error:
            raise MapProblem(f"has a member {member.name} that cannot be read: {error}") from error


def _read_member(
    btf: Btf, member: Member, found: MapDefinition, is_inner: bool, is_last: bool
) -> None:
    name = member.name
    if name in _PLAIN:
        setattr(found, _PLAIN[name], _read_number(btf, member))
    elif name in ("key_size", "value_size"):
        _set_size(found, name.removesuffix("_size"), _read_number(btf, member))
    elif name in ("key", "value"):
        _set_type(btf, member, found)
    elif name == "values":
        _set_values(btf, member, found, is_inner, is_last)
    elif name == "pinning":
        _check_pinning(_read_number(btf, member), is_inner)
    elif name == "numa_node":
        _read_number(btf, member)
    elif name != "map_extra":
        raise MapProblem(f"has a member {name!r}, which libbpf does not know")


def _read_number(btf: Btf, member: Member) -> int:
    """Read `__uint(name, X)`: a pointer to an array of X elements."""
    pointer = btf.resolve(member.type_id)
    array = btf.type_of(pointer) if btf.kind(pointer) is Kind.PTR else 0
    if btf.kind(array) is not Kind.ARRAY:
        raise MapProblem(f"has a member {member.name} that is not written with __uint()")
    return btf.array(array).length


def _check_pinning(number: int, is_inner: bool) -> None:
    if is_inner:
        raise MapProblem("has inner maps that are pinned")
    if number not in _PINNINGS:
        raise MapProblem(f"has the pinning {number}, which libbpf does not know")


def _set_size(found: MapDefinition, part: str, size: int) -> None:
    known = getattr(found, f"{part}_size")
    if known and known != size:
        raise MapProblem(f"says of its {part} that it has {known} bytes and that it has {size}")
    setattr(found, f"{part}_size", size)


def _set_type(btf: Btf, member: Member, found: MapDefinition) -> None:
    if btf.kind(member.type_id) is not Kind.PTR:
        raise MapProblem(f"has a {member.name} that is not written with __type()")
    type_id = btf.type_of(member.type_id)
    _set_size(found, member.name, btf.size(type_id))
    setattr(found, f"{member.name}_type", type_id)


def _set_values(
    btf: Btf, member: Member, found: MapDefinition, is_inner: bool, is_last: bool
) -> None:
    """Read `__array(values, ...)`: programs, or the definition of inner maps."""
    if is_inner:
        raise MapProblem("has inner maps that have inner maps themselves")
    if not is_last:
        raise MapProblem("has members behind `values`, which has to be the last")
    if found.kind != PROGRAM_ARRAY and found.kind not in MAPS_OF_MAPS:
        raise MapProblem("has `values` and is neither a program array nor a map of maps")
    _set_size(found, "value", DESCRIPTOR_SIZE)
    if btf.kind(member.type_id) is not Kind.ARRAY or btf.array(member.type_id).length:
        raise MapProblem("has `values` that are no array without a size")
    pointer = btf.resolve(btf.array(member.type_id).type_id)
    if btf.kind(pointer) is not Kind.PTR:
        raise MapProblem("has `values` that are no pointers")
    of = btf.resolve(btf.type_of(pointer))
    if found.kind == PROGRAM_ARRAY:
        if btf.kind(of) is not Kind.FUNC_PROTO:
            raise MapProblem("is a program array whose `values` are no functions")
        return
    found.inner = MapDefinition()
    _read_struct(btf, of, found.inner, is_inner=True)
    if not found.inner.kind:
        raise MapProblem("has inner maps without a type")
