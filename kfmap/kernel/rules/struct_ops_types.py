"""Which struct_ops types a tree registers, and which registrations of one are in doubt.

"bpf, net: switch to dynamic registration" put calls of register_bpf_struct_ops() in place of one
list of all types, kernel/bpf/bpf_struct_ops_types.h: 6.1 has the list, 6.12 the calls.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from kfmap.kernel.code import Code
from kfmap.kernel.facts import UNREAD_OPS, NotUnderstood, Place
from kfmap.kernel.handed_on import find_calls_with
from kfmap.kernel.items import Item
from kfmap.kernel.rules.kfunc_memory import Memory
from kfmap.kernel.rules.register_machine import RegisterMachine
from kfmap.kernel.rules.register_world import REGISTER_OPS, Met, World
from kfmap.kernel.rules.usage import Usage
from kfmap.kernel.statements import TooLongError
from kfmap.kernel.syntax import parse_function
from kfmap.quick_dataclass import dataclass, field

STRUCT_OPS_C = "kernel/bpf/bpf_struct_ops.c"
TYPES_H = "kernel/bpf/bpf_struct_ops_types.h"
_CALL = re.compile(rf"\b{REGISTER_OPS}\s*\(\s*&\s*(\w+)\s*,\s*(\w+)\s*\)")
_LISTED = re.compile(r"\bBPF_STRUCT_OPS_TYPE\s*\(\s*(\w+)\s*\)")
_VARIABLE = re.compile(r"\bstruct\s+bpf_struct_ops\s+(\w+)\s*(?:\[[^\]]*\]\s*)?=")


@dataclass(frozen=True, slots=True)
class Registered:
    """A struct_ops type as it is registered: the struct, the variable, where."""

    type: str
    variable: str
    file: str
    place: Place


@dataclass(slots=True)
class OpsTypes:
    """The types that are registered, and what may register another one."""

    registered: list[Registered] = field(default_factory=list)
    problems: list[NotUnderstood] = field(default_factory=list)


def find_types(code: Code, files: Iterable[str], is_built: Callable[[str], bool]) -> OpsTypes:
    """Return the struct_ops types of the files of a kernel."""
    names = [file for file in files if file != STRUCT_OPS_C]
    usage = Usage(code, names, is_built)
    found = OpsTypes()
    for file in names:
        source = code.source(file)
        if source is not None and REGISTER_OPS in source.code:
            _find_calls(code, usage, file, found)
    known = {item.type for item in found.registered}
    found.registered += [item for item in _find_listed(code, names) if item.type not in known]
    noted = {(item.file, item.variable) for item in found.registered}
    noted |= {(problem.place.file, problem.text) for problem in found.problems}
    for file in names:
        for item in code.items(file) if "bpf_struct_ops" in (code.tree.read(file) or "") else ():
            for match in _VARIABLE.finditer(item.text) if not item.function else ():
                if (file, match[1]) not in noted:
                    place = Place(file, item.line_at(match.start()))
                    found.problems.append(NotUnderstood(place, UNREAD_OPS, match[1]))
    return found


def _find_calls(code: Code, usage: Usage, file: str, found: OpsTypes) -> None:
    for item in code.items(file):
        if not item.function or REGISTER_OPS not in item.text:
            continue
        reached = _find_reached(code, item) if usage.is_used(item) else set()
        for match in _CALL.finditer(item.text, item.brace):
            place = Place(file, item.line_at(match.start()))
            if place in reached and not any(_find_takers(code, file, match[1])):
                found.registered.append(Registered(match[2], match[1], file, place))
            else:
                found.problems.append(NotUnderstood(place, UNREAD_OPS, match[1]))


def _find_reached(code: Code, item: Item) -> set[Place]:
    """Return the calls that a function makes, whatever its callers and the machine are like."""
    met = Met()
    world = World(code, Memory(code, item.file), met, lambda name: None, {}, ())
    try:
        RegisterMachine(world, parse_function(item), {}).execute()
    except TooLongError:
        return set()
    return met.types


def _find_takers(code: Code, file: str, variable: str) -> Iterator[str]:
    """Return the functions that are given a type and may take it away."""
    for callee in find_calls_with(code, file, variable):
        if not callee.endswith(REGISTER_OPS) or callee.startswith("un"):
            yield callee


def _find_listed(code: Code, files: list[str]) -> Iterator[Registered]:
    """Return the types of trees that list them in one header."""
    source = code.source(TYPES_H)
    for match in _LISTED.finditer(source.code) if source else ():
        variable = f"bpf_{match[1]}"
        pattern = re.compile(rf"\bstruct\s+bpf_struct_ops\s+{variable}\s*=\s*\{{")
        for file in files:
            if pattern.search(code.tree.read(file) or ""):
                line = source.line_at(match.start()) if source else 0
                yield Registered(match[1], variable, file, Place(TYPES_H, line))
