"""Read struct_ops maps: which program implements which member of which type.

Mirrors init_struct_ops_maps and bpf_object__collect_st_ops_relos of tools/lib/bpf/libbpf.c.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from kfmap.btf.flavor import essential_name
from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf, Member
from kfmap.permission.section_names import STRUCT_OPS_TYPE, parse_section_name
from kfmap.quick_dataclass import replace
from verifier.engine.object.code import SLOT
from verifier.engine.object.elf import Elf, Section, Symbol
from verifier.engine.object.limits import Limits, check_limit
from verifier.engine.object.model import Function, ObjectError, StructOpsMap
from verifier.engine.object.variables import Placed, Variables

Starts = Mapping[tuple[int, int], Function]
Relocated = Iterable[tuple[int, Symbol]]  # byte offset and symbol of each


class _Ops(NamedTuple):
    """An ops structure; `spans` are first byte and length of the members that hold a value."""

    type_id: int
    name: str
    size: int
    callbacks: dict[int, str]  # by byte offset
    spans: tuple[tuple[str, int, int], ...]


def read_struct_ops(
    elf: Elf,
    sections: tuple[Section, ...],
    btf: Btf,
    variables: Variables,
    starts: Starts,
    limits: Limits,
) -> tuple[StructOpsMap, ...]:
    """Return all struct_ops maps; `starts` gives the function that starts at (section, slot).

    Raises ObjectError where a map or its relocations are damaged.
    """
    types: dict[int, _Ops] = {}
    maps: list[StructOpsMap] = []
    members = 0
    for section in sections:
        placed = variables.of(section)
        relocations = _by_variable(section, placed, elf.relocated(section))
        end = 0
        for item in placed:
            if item.type_id not in types:
                types[item.type_id] = _read_ops(section, item, btf)
            ops = types[item.type_id]
            if item.offset < end:
                raise ObjectError(
                    f"{item.name} overlaps another variable of {section.name}: the file is "
                    "damaged, build it again"
                )
            end = item.offset + max(item.size, ops.size)
            members += len(ops.callbacks) + len(ops.spans)
            check_limit("members of struct_ops maps", members, limits.struct_ops_members)
            found = _read_map(section, item, ops, relocations.get(item.offset, ()), starts)
            # init_struct_ops_maps() steps over the "?" of the section's name in its loop over the
            # variables, so it leaves out the first one alone (read in Linux 6.12 to 7.3).
            maps.append(replace(found, optional=found.optional and item is placed[0]))
    return tuple(maps)


def note_made_maps(maps: Iterable[StructOpsMap]) -> Iterator[str]:
    """Return which maps of an optional section libbpf makes all the same."""
    names: dict[str, list[str]] = {}
    for item in maps:
        if item.section.startswith("?") and not item.optional:
            names.setdefault(item.section, []).append(item.name)
    for section, made in names.items():
        yield (
            f"of SEC({section!r}) libbpf leaves out the first variable alone and makes "
            f"{', '.join(made)}: call bpf_map__set_autocreate(map, false) for these, too"
        )


def _by_variable(
    section: Section, placed: tuple[Placed, ...], relocations: Relocated
) -> dict[int, list[tuple[int, Symbol]]]:
    """Return the relocations by the offset of the variable that they are in, and from there on."""
    starts = [item.offset for item in placed]
    found: dict[int, list[tuple[int, Symbol]]] = {}
    for offset, symbol in relocations:
        at = bisect_right(starts, offset) - 1
        if at < 0 or offset >= placed[at].offset + placed[at].size:
            raise ObjectError(
                f"a relocation at byte {offset} of {section.name} is in no variable: "
                "the file is damaged, build it again"
            )
        found.setdefault(starts[at], []).append((offset - starts[at], symbol))
    return found


def _read_ops(section: Section, item: Placed, btf: Btf) -> _Ops:
    type_id = btf.resolve(item.type_id)
    if btf.kind(type_id) is not Kind.STRUCT or not btf.name(type_id):
        raise ObjectError(
            f"{item.name} in {section.name} is not a struct with a name: declare it as the ops "
            "structure that it implements"
        )
    callbacks: dict[int, str] = {}
    spans = []
    end = 0
    for member in btf.members(type_id):
        start, length = _span(btf, member)
        if start < end - 1:  # bitfields may share a byte
            raise ObjectError(
                f"members of struct {btf.name(type_id)} overlap at {member.name}: the object's "
                "BTF is damaged, build it again"
            )
        end = start + length
        if is_callback(btf, member):
            callbacks[start] = member.name
        spans.append((member.name, start, length))
    return _Ops(type_id, btf.name(type_id), btf.size(type_id), callbacks, tuple(spans))


def _span(btf: Btf, member: Member) -> tuple[int, int]:
    """Return the first byte of a member and how many it has."""
    start, bit = divmod(member.bit_offset, 8)
    if member.bitfield_size:
        return start, (bit + member.bitfield_size + 7) // 8
    return start, btf.size(member.type_id)


def is_callback(btf: Btf, member: Member) -> bool:
    """Return whether a member points to a function."""
    pointer = btf.resolve(member.type_id)
    if btf.kind(pointer) is not Kind.PTR:
        return False
    return btf.kind(btf.resolve(btf.type_of(pointer))) is Kind.FUNC_PROTO


def _read_map(
    section: Section,
    item: Placed,
    ops: _Ops,
    relocations: Relocated,
    starts: Starts,
) -> StructOpsMap:
    end = item.offset + ops.size
    if end > len(section.contents):
        raise ObjectError(
            f"{item.name} ends at byte {end} of {section.name}, which has "
            f"{len(section.contents)}: the file is damaged, build it again"
        )
    data = bytes(section.contents[item.offset : end])
    programs = _programs(item, ops, relocations, starts)
    return StructOpsMap(
        item.name,
        section.name,
        ops.name,
        essential_name(ops.name),
        ops.type_id,
        section.name.startswith("?"),
        tuple((name, programs.get(offset)) for offset, name in ops.callbacks.items()),
        tuple(
            name
            for name, start, length in ops.spans
            if start not in programs and any(data[start : start + length])
        ),
        data,
    )


def _programs(item: Placed, ops: _Ops, relocations: Relocated, starts: Starts) -> dict[int, str]:
    """Return the program of each callback by the callback's offset; a later relocation wins."""
    programs: dict[int, str] = {}
    for offset, symbol in relocations:
        if offset not in ops.callbacks:
            raise ObjectError(
                f"byte {offset} of {item.name} refers to {symbol.name} but is no pointer to a "
                "function; libbpf does not open the object: assign programs to callbacks only"
            )
        slot, rest = divmod(symbol.value, SLOT)  # "invalid target program offset"
        function = None if rest else starts.get((symbol.section, slot))
        if function is None or not _is_struct_ops(function):
            raise ObjectError(
                f"{item.name}.{ops.callbacks[offset]} refers to {symbol.name}, which is not a "
                'program of SEC("struct_ops"); libbpf does not open the object: move it there'
            )
        programs[offset] = function.name
    return programs


def _is_struct_ops(function: Function) -> bool:
    return parse_section_name(function.section).program_type == STRUCT_OPS_TYPE
