"""Make programs of the entry functions: section name, struct_ops members, exception callback."""

from __future__ import annotations

from collections.abc import Iterable

from kfmap.btf.read import Btf
from kfmap.permission.section_names import parse_section_name
from verifier.engine.object.limits import Limits, check_limit
from verifier.engine.object.model import Function, Linkage, Program, StructOpsMap, StructOpsUse

Uses = list[tuple[StructOpsMap, str]]

_EXCEPTION_CALLBACK = "exception_callback:"


def read_programs(
    functions: tuple[Function, ...],
    struct_ops_maps: tuple[StructOpsMap, ...],
    btf: Btf | None,
    limits: Limits,
) -> tuple[Program, ...]:
    """Return the programs in the order of their functions."""
    entries = [item for item in enumerate(functions) if item[1].linkage == Linkage.PROGRAM]
    check_limit("programs", len(entries), limits.programs)
    uses = _uses(struct_ops_maps)
    subprograms = {
        item.name: number for number, item in enumerate(functions) if item.linkage == Linkage.GLOBAL
    }
    callbacks = {
        type_id: _exception_callback(type_id, subprograms, btf)
        for type_id in {function.type_id for _, function in entries}
    }
    return tuple(
        _read_program(number, function, uses.get(function.name, []), callbacks[function.type_id])
        for number, function in entries
    )


def _read_program(number: int, function: Function, uses: Uses, callback: int | None) -> Program:
    kind = parse_section_name(function.section)
    # a program that maps use is loaded when one of them is, whatever its own section says
    if uses:
        kind = kind._replace(optional=all(map.optional for map, _ in uses))
    return Program(
        name=function.name,
        function=number,
        section=function.section.removeprefix("?"),
        kind=kind,
        struct_ops=tuple(StructOpsUse(map.kernel_type, member, map.name) for map, member in uses),
        exception_callback=callback,
    )


def _uses(maps: Iterable[StructOpsMap]) -> dict[str, Uses]:
    """Return, by program, the maps and members that refer to it."""
    uses: dict[str, Uses] = {}
    for map in maps:
        for member, program in map.members:
            if program is not None:
                uses.setdefault(program, []).append((map, member))
    return uses


def exception_callbacks(type_id: int, btf: Btf | None) -> list[str]:
    """Return the functions that declaration tags on a program name for bpf_throw() to run."""
    if btf is None or not type_id or not btf.mentions(_EXCEPTION_CALLBACK):
        return []
    names = [tag.name for tag in btf.tags(type_id) if tag.component == -1]
    prefix = _EXCEPTION_CALLBACK
    return [name.removeprefix(prefix) for name in names if name.startswith(prefix)]


def _exception_callback(type_id: int, subprograms: dict[str, int], btf: Btf | None) -> int | None:
    declared = exception_callbacks(type_id, btf)
    return subprograms.get(declared[0]) if declared else None
