"""A program as its source lines: what .BTF.ext keeps of them, function by function, with the calls.

The lines are those that code was made of; of inlined functions they stand where they were written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from kfmap.permission.helper_names import helper_name
from kfmap.quick_dataclass import dataclass
from verifier.engine.flow.calls import CallGraph, Calls
from verifier.engine.object.disassemble import disassemble, reference_name
from verifier.engine.object.model import BpfObject, Function

MAX_FUNCTIONS = 200
MAX_INSTRUCTIONS = 40_000  # of one program, with all functions it can reach
_NO_LINE = ("", 0, "")


class CallKind(StrEnum):
    """What is called, or passed on to be called."""

    KFUNC = "kfunc"
    HELPER = "helper"
    FUNCTION = "function"
    CALLBACK = "callback"


@dataclass(frozen=True, slots=True)
class LineCall:
    """A call made on a line, at an instruction slot of the function's section."""

    kind: CallKind
    name: str
    instruction: int


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A source line, 0 for code without one, with its calls and its instructions as text."""

    file: str
    line: int
    text: str
    calls: tuple[LineCall, ...]
    instructions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FunctionSource:
    """A function that the program can reach, the program itself first."""

    name: str
    lines: tuple[CodeLine, ...]


@dataclass(frozen=True, slots=True)
class SourceView:
    """A program. `left_out`: functions that are not shown, for there are too many."""

    program: str
    functions: tuple[FunctionSource, ...]
    left_out: int


def view_source(obj: BpfObject, position: int, graph: CallGraph | None = None) -> SourceView:
    """Return the source of a program by its place in the object. Raises IndexError."""
    program = obj.programs[position]
    graph = graph or CallGraph(obj)
    reached = list(graph.find_paths([program.function]))
    shown: list[FunctionSource] = []
    left = MAX_INSTRUCTIONS
    for index in reached[:MAX_FUNCTIONS]:
        function = obj.functions[index]
        left -= function.count
        if left < 0:
            break
        calls = _calls_by_slot(obj, graph.calls[index])
        shown.append(FunctionSource(function.name, tuple(_lines(obj, function, calls))))
    return SourceView(program.name, tuple(shown), len(reached) - len(shown))


def _calls_by_slot(obj: BpfObject, calls: Calls) -> dict[int, LineCall]:
    found: list[tuple[CallKind, str, int]] = []
    for slot, extern in calls.kfuncs:
        found.append((CallKind.KFUNC, obj.externs[extern].kernel_name, slot))
    for slot, number in calls.helpers:
        found.append((CallKind.HELPER, helper_name(number) or f"helper {number}", slot))
    for kind, pairs in ((CallKind.FUNCTION, calls.functions), (CallKind.CALLBACK, calls.passed)):
        found += [(kind, obj.functions[callee].name, slot) for slot, callee in pairs]
    return {slot: LineCall(kind, name, slot) for kind, name, slot in found}


def _lines(obj: BpfObject, function: Function, calls: Mapping[int, LineCall]) -> Iterator[CodeLine]:
    """Return the lines of a function, those of a file together and in its order."""
    section = function.section
    slots = range(function.start, function.start + function.count)
    names = {at: name for at in slots if (name := reference_name(obj, section, at))}
    rows: dict[tuple[str, int, str], list[tuple[int, str]]] = {}
    for slot, text in disassemble(obj.code[section], function.start, function.count, names):
        rows.setdefault(_line_at(obj, section, slot), []).append((slot, text))
    for key in _in_order(rows):
        file, line, text = key
        made = tuple(calls[slot] for slot, _ in rows[key] if slot in calls)
        instructions = tuple(f"{slot}: {printed}" for slot, printed in rows[key])
        yield CodeLine(file, line, text, made, instructions)


def _line_at(obj: BpfObject, section: str, slot: int) -> tuple[str, int, str]:
    found = obj.btf_ext.line(section, slot) if obj.btf_ext else None
    return (found.file, found.line, found.text.rstrip()) if found else _NO_LINE


def _in_order(keys: Iterable[tuple[str, int, str]]) -> list[tuple[str, int, str]]:
    """Sort lines by file, in the order in which files come up, and by number."""
    keys = list(keys)
    files = {file: at for at, file in enumerate(dict.fromkeys(file for file, _, _ in keys))}
    return sorted(keys, key=lambda key: (files[key[0]], key[1]))
