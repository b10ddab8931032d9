"""What the maps of `.maps` begin with: programs in program arrays, maps in maps of maps.

Mirrors bpf_object__collect_map_relos() of tools/lib/bpf/libbpf.c (read in Linux 7.3).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from verifier.engine.object.code import SLOT
from verifier.engine.object.elf import Elf, Section, Symbol
from verifier.engine.object.map_definitions import (
    DESCRIPTOR_SIZE,
    HASH_OF_MAPS,
    MAPS_OF_MAPS,
    PROGRAM_ARRAY,
    MapDefinition,
)
from verifier.engine.object.variables import Placed


class MapValue(NamedTuple):
    """What a map begins with: a symbol, and the function of the program that it names."""

    symbol: Symbol
    program: int | None


def read_values(
    elf: Elf,
    section: Section,
    placed: Sequence[Placed],
    programs: Mapping[tuple[int, int], int],
) -> dict[int, list[MapValue]]:
    """Return by the offset of a map what it begins with; `programs`: the functions of those, by
    section and slot."""
    starts = [item.offset for item in placed]
    found: dict[int, list[MapValue]] = {}
    for offset, symbol in elf.relocated(section):
        program = programs.get((symbol.section, symbol.value // SLOT))
        at = bisect_right(starts, offset) - 1
        if at >= 0:
            found.setdefault(starts[at], []).append(MapValue(symbol, program))
    return found


def refused_values(
    definition: MapDefinition, values: Sequence[MapValue], maps: int
) -> Iterator[str]:
    """Return why libbpf does not take what a map begins with; `maps`: the number of .maps."""
    if definition.kind == HASH_OF_MAPS and values and definition.key_size != DESCRIPTOR_SIZE:
        yield f"is a hash of maps that begins with maps, so its keys have {DESCRIPTOR_SIZE} bytes"
    for symbol, program in values:
        name = symbol.name or "something without a name"
        if definition.kind in MAPS_OF_MAPS and symbol.section != maps:
            yield f"begins with {name}, which is no map of .maps"
        elif definition.kind == PROGRAM_ARRAY and program is None:
            yield f"begins with {name}, which is no program with a section of its own"
