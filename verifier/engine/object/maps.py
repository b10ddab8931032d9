"""Read the maps of `.maps`, whose definitions are BTF (libbpf's parse_btf_map_def)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import NamedTuple

from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf
from verifier.engine.object.code import SLOT
from verifier.engine.object.elf import Elf, Section
from verifier.engine.object.limits import Limits, check_limit
from verifier.engine.object.model import BpfMap
from verifier.engine.object.variables import Placed, Variables

PROGRAM_ARRAY = 3  # BPF_MAP_TYPE_PROG_ARRAY


class Maps(NamedTuple):
    """`at` gives the number of the map that starts at an offset of .maps."""

    maps: tuple[BpfMap, ...]
    at: Mapping[int, int]


def read_maps(
    elf: Elf,
    section: Section | None,
    btf: Btf | None,
    variables: Variables,
    functions: Mapping[tuple[int, int], int],
    limits: Limits,
) -> Maps:
    """Return the maps; `functions` gives the function that starts at a slot of a section."""
    if section is None:
        return Maps((), {})
    placed = variables.of(section)
    check_limit("maps", len(placed), limits.maps)
    targets = _programs_in_slots(elf, section, placed, functions)
    known = {id: _map_kind(id, btf) for id in {item.type_id for item in placed}}
    kinds = [known[item.type_id] for item in placed]
    maps = tuple(
        BpfMap(item.name, kind, targets.get(item.offset, ()) if kind == PROGRAM_ARRAY else ())
        for item, kind in zip(placed, kinds, strict=True)
    )
    return Maps(maps, {item.offset: number for number, item in enumerate(placed)})


def _map_kind(type_id: int, btf: Btf | None) -> int:
    """Read `__uint(type, X)`: member `type` is a pointer to an array of X elements."""
    if btf is None or not type_id:
        return 0
    struct = btf.resolve(type_id)
    if btf.kind(struct) is not Kind.STRUCT:
        return 0
    for member in btf.members(struct):
        if member.name == "type":
            pointer = btf.resolve(member.type_id)
            array = btf.resolve(btf.type_of(pointer)) if btf.kind(pointer) is Kind.PTR else 0
            return btf.array(array).length if btf.kind(array) is Kind.ARRAY else 0
    return 0


def _programs_in_slots(
    elf: Elf,
    section: Section,
    placed: tuple[Placed, ...],
    functions: Mapping[tuple[int, int], int],
) -> dict[int, tuple[int, ...]]:
    """Return, by the offset of a map, the functions that its initial values name."""
    starts = [item.offset for item in placed]
    found: dict[int, list[int]] = {}
    for offset, symbol in elf.relocated(section):
        function = functions.get((symbol.section, symbol.value // SLOT))
        at = bisect_right(starts, offset) - 1
        if function is not None and at >= 0:
            found.setdefault(starts[at], []).append(function)
    return {offset: tuple(targets) for offset, targets in found.items()}
