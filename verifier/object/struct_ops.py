"""Read struct_ops maps: which program implements which member of which type.

Mirrors init_struct_ops_maps and bpf_object__collect_st_ops_relos of tools/lib/bpf/libbpf.c.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

from kfmap.btf.flavor import essential_name
from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf, Member
from verifier.object.code import SLOT
from verifier.object.elf import Elf, Relocation, Section
from verifier.object.limits import Limits, check_limit
from verifier.object.model import Function, ObjectError, StructOpsMap
from verifier.object.section_names import STRUCT_OPS_TYPE, parse_section_name
from verifier.object.variables import Placed, objects_by_section, place_variables

Starts = Mapping[tuple[int, int], Function]


def read_struct_ops(
    elf: Elf, sections: tuple[Section, ...], btf: Btf, starts: Starts, limits: Limits
) -> tuple[StructOpsMap, ...]:
    """Give all struct_ops maps; `starts` gives the function that starts at (section, slot)."""
    symbols = objects_by_section(elf)
    maps: list[StructOpsMap] = []
    for section in sections:
        placed = place_variables(section, symbols.get(section.number, ()), btf)
        check_limit("struct_ops maps", len(maps) + len(placed), limits.maps)
        relocations = _by_variable(section, placed, elf.relocations.get(section.number, ()))
        maps += [_read_map(section, item, btf, relocations, starts) for item in placed]
    return tuple(maps)


def _by_variable(
    section: Section, placed: tuple[Placed, ...], relocations: tuple[Relocation, ...]
) -> dict[int, list[Relocation]]:
    """Give the relocations by the offset of the variable that they are in."""
    starts = [item.offset for item in placed]
    found: dict[int, list[Relocation]] = {}
    for relocation in relocations:
        at = bisect_right(starts, relocation.offset) - 1
        if at < 0 or relocation.offset >= placed[at].offset + placed[at].size:
            raise ObjectError(
                f"a relocation at byte {relocation.offset} of {section.name} is in no variable: "
                "the file is damaged, build it again"
            )
        found.setdefault(starts[at], []).append(relocation)
    return found


def _read_map(
    section: Section,
    item: Placed,
    btf: Btf,
    relocations: dict[int, list[Relocation]],
    starts: Starts,
) -> StructOpsMap:
    type_id = btf.resolve(item.type_id)
    if btf.kind(type_id) is not Kind.STRUCT or not btf.name(type_id):
        raise ObjectError(
            f"{item.name} in {section.name} is not a struct with a name: declare it as the ops "
            "structure that it implements"
        )
    end = item.offset + btf.size(type_id)
    if end > len(section.contents):
        raise ObjectError(
            f"{item.name} ends at byte {end} of {section.name}, which has "
            f"{len(section.contents)}: the file is damaged, build it again"
        )
    data = bytes(section.contents[item.offset : end])
    members = btf.members(type_id)
    programs = _programs(item, btf, members, relocations.get(item.offset, []), starts)
    name = btf.name(type_id)
    return StructOpsMap(
        item.name,
        section.name,
        name,
        essential_name(name),
        type_id,
        section.name.startswith("?"),
        tuple(
            (member.name, programs.get(member.bit_offset))
            for member in members
            if is_callback(btf, member)
        ),
        tuple(_nonzero(btf, members, data, programs)),
        data,
    )


def is_callback(btf: Btf, member: Member) -> bool:
    """Tell whether a member points to a function."""
    pointer = btf.resolve(member.type_id)
    if btf.kind(pointer) is not Kind.PTR:
        return False
    return btf.kind(btf.resolve(btf.type_of(pointer))) is Kind.FUNC_PROTO


def _programs(
    item: Placed,
    btf: Btf,
    members: tuple[Member, ...],
    relocations: list[Relocation],
    starts: Starts,
) -> dict[int, str]:
    """Give the program of each member by the member's bit offset; a later relocation wins."""
    by_offset = {member.bit_offset: member for member in reversed(members)}
    programs: dict[int, str] = {}
    for relocation in relocations:
        member = by_offset.get(8 * (relocation.offset - item.offset))
        if member is None or not is_callback(btf, member):
            raise ObjectError(
                f"byte {relocation.offset - item.offset} of {item.name} refers to "
                f"{relocation.symbol.name} but is no pointer to a function; libbpf does not open "
                "the object: assign programs to callbacks only"
            )
        place = relocation.symbol.section, relocation.symbol.value // SLOT
        function = starts.get(place)
        if function is None or not _is_struct_ops(function):
            raise ObjectError(
                f"{item.name}.{member.name} refers to {relocation.symbol.name}, which is not a "
                'program of SEC("struct_ops"); libbpf does not open the object: move it there'
            )
        programs[member.bit_offset] = function.name
    return programs


def _is_struct_ops(function: Function) -> bool:
    return parse_section_name(function.section).program_type == STRUCT_OPS_TYPE


def _nonzero(
    btf: Btf, members: tuple[Member, ...], data: bytes, programs: dict[int, str]
) -> list[str]:
    """Name the members that have a value other than zero and no program."""
    found = []
    for member in members:
        if member.bit_offset in programs:
            continue
        start = member.bit_offset // 8
        if member.bitfield_size:
            length = (member.bit_offset % 8 + member.bitfield_size + 7) // 8
        else:
            length = btf.size(member.type_id)
        if any(data[start : start + length]):
            found.append(member.name)
    return found
