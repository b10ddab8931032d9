"""Read the maps of `.maps`, whose definitions are BTF (libbpf's parse_btf_map_def)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kfmap.btf.read import Btf
from verifier.engine.object.elf import Elf, Section
from verifier.engine.object.limits import Limits, check_limit
from verifier.engine.object.map_definitions import (
    PROGRAM_ARRAY,
    MapDefinition,
    MapProblem,
    read_map_definition,
)
from verifier.engine.object.map_types import ARENA as ARENA_MAP
from verifier.engine.object.map_values import read_values, refused_values
from verifier.engine.object.model import BpfMap
from verifier.engine.object.sections import ARENA, Sections
from verifier.engine.object.variables import Placed, Variables


class Maps(NamedTuple):
    """`at` gives the number of the map that starts at an offset of .maps."""

    maps: tuple[BpfMap, ...]
    at: Mapping[int, int]


def read_maps(
    elf: Elf,
    section: Section | None,
    btf: Btf | None,
    variables: Variables,
    programs: Mapping[tuple[int, int], int],
    refusals: list[str],
    limits: Limits,
) -> Maps:
    """Return the maps; `programs` gives the function of the one that starts at a slot of a section.

    What libbpf does not open is told in `refusals`.
    """
    if section is None:
        return Maps((), {})
    placed = variables.of(section)
    check_limit("maps", len(placed), limits.maps)
    if btf is None:
        refusals.append("it has BTF maps (.maps) and no BTF: build it with -g")
    elif not btf.sections(section.name):  # bpf_object__init_user_btf_maps(): "DATASEC not found"
        refusals.append("its BTF knows no variable of section .maps: build all of it with -g")
    values = read_values(elf, section, placed, programs)
    maps = []
    for item in placed:
        definition = MapDefinition()
        try:
            _define(item, btf, definition)
        except MapProblem as problem:
            refusals.append(f"map {item.name} {problem}")
        begun = values.get(item.offset, ())
        refused = refused_values(definition, begun, section.number)
        refusals += (f"map {item.name} {text}" for text in refused)
        slots = tuple(value.program for value in begun if value.program is not None)
        maps.append(_make_map(item, definition, slots))
    return Maps(tuple(maps), {item.offset: number for number, item in enumerate(placed)})


def refused_arenas(sections: Sections, maps: tuple[BpfMap, ...]) -> list[str]:
    """Return why libbpf takes no arena, mirroring the end of bpf_object__init_user_btf_maps()."""
    arenas = [item.name for item in maps if item.kind == ARENA_MAP]
    if len(arenas) > 1:
        return [f"maps {arenas[0]} and {arenas[1]} are both arenas: an object may have one"]
    if not arenas and any(section.name == ARENA for section in sections.data):
        return [f'section {ARENA} has arena variables, and no map in SEC(".maps") is an arena']
    return []


def _define(item: Placed, btf: Btf | None, definition: MapDefinition) -> None:
    """Read a definition as bpf_object__init_user_btf_map() does. Raises MapProblem."""
    if btf is None or not item.declared:  # libbpf makes no map of what BTF does not declare
        return
    read_map_definition(btf, item.type_id, definition)
    if btf.size(item.type_id) > item.size:
        raise MapProblem(f"has {item.size} bytes, fewer than its struct: build the object again")
    if item.private:
        raise MapProblem("is static or hidden, which maps may not be")


def _make_map(item: Placed, definition: MapDefinition, programs: tuple[int, ...]) -> BpfMap:
    return BpfMap(
        item.name,
        definition.kind,
        programs if definition.kind == PROGRAM_ARRAY else (),
        definition.key_size,
        definition.value_size,
        definition.max_entries,
        definition.flags,
        definition.key_type,
        definition.value_type,
        _make_map(item, definition.inner, ()) if definition.inner else None,
    )
