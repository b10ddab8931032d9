"""What an object holds, whatever the kernel: its programs and the kfunc calls each can reach.

Reach is plain here: calls, and addresses of functions taken, along the shortest path; which of the
calls are live on a kernel is the question of `verifier.engine.flow`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from verifier.engine.object.map_definitions import PROGRAM_ARRAY
from verifier.engine.object.model import (
    BpfObject,
    Function,
    Program,
    Reference,
    ReferenceKind,
    StructOpsUse,
)
from verifier.engine.result import SourceLine, Step

MAX_CALLS = 20_000
_MAX_TARGETS = 8  # of tail calls through one map that are named


@dataclass(frozen=True, slots=True)
class CallSummary:
    """A kfunc call; `path` leads from the program to the function that calls, at `instruction`."""

    kfunc: str
    weak: bool
    path: tuple[Step, ...]
    instruction: int
    source: SourceLine | None


@dataclass(frozen=True, slots=True)
class ProgramSummary:
    """A program and its calls, sorted by kfunc and place."""

    name: str
    section: str
    program_type: str
    attach_type: str | None
    target: str | None
    struct_ops: tuple[StructOpsUse, ...]
    sleepable: bool
    optional: bool
    calls: tuple[CallSummary, ...]


@dataclass(frozen=True, slots=True)
class ObjectSummary:
    """One object."""

    sha256: str
    size: int
    license: str
    programs: tuple[ProgramSummary, ...]
    notes: tuple[str, ...]


def summarize(obj: BpfObject) -> ObjectSummary:
    """Return the summary; calls beyond MAX_CALLS are left out, and a note says so."""
    index = _CallIndex(obj)
    programs, left, notes = [], MAX_CALLS, [*obj.notes]
    for program in obj.programs:
        reached = index.reach(program.function)
        calls = index.calls_in(reached)
        if len(calls) > left:
            notes.append(f"{program.name}: {len(calls) - left} of its calls are not listed")
        notes += index.tail_call_notes(program, reached)
        programs.append(_summarize_program(program, calls[:left]))
        left -= min(left, len(calls))
    return ObjectSummary(obj.sha256, obj.size, obj.license, tuple(programs), tuple(notes))


def _summarize_program(program: Program, calls: list[CallSummary]) -> ProgramSummary:
    return ProgramSummary(
        name=program.name,
        section=program.section,
        program_type=program.program_type,
        attach_type=program.attach_type,
        target=program.attach_target or program.target,
        struct_ops=program.struct_ops,
        sleepable=program.sleepable,
        optional=program.optional,
        calls=tuple(calls),
    )


_Reached = dict[int, tuple[Step, ...]]  # function → the steps that lead to it


class _CallIndex:
    """The references of each function, found once for all programs."""

    def __init__(self, obj: BpfObject) -> None:
        self._object = obj
        self._kfuncs: dict[int, list[tuple[int, int]]] = {}  # function → (slot, extern)
        self._next: dict[int, list[tuple[int, int]]] = {}  # function → (slot, function)
        self._arrays: dict[int, list[int]] = {}  # function → program arrays it tail-calls through
        owners = _Owners(obj.functions)
        for (section, slot), reference in sorted(obj.references.items()):
            owner = owners.find(section, slot)
            if owner is None:
                continue
            if reference.kind == ReferenceKind.KFUNC:
                self._kfuncs.setdefault(owner, []).append((slot, reference.index))
            elif reference.kind in (ReferenceKind.CALL, ReferenceKind.FUNCTION):
                self._next.setdefault(owner, []).append((slot, reference.index))
            elif (
                reference.kind == ReferenceKind.MAP
                and obj.maps[reference.index].kind == PROGRAM_ARRAY
            ):
                self._arrays.setdefault(owner, []).append(reference.index)

    def calls_in(self, reached: _Reached) -> list[CallSummary]:
        """Return the calls in the functions reached."""
        return sorted(
            (
                self._call(function, slot, extern, came_from)
                for function, came_from in reached.items()
                for slot, extern in self._kfuncs.get(function, ())
            ),
            key=lambda call: (call.kfunc, len(call.path), call.instruction),
        )

    def tail_call_notes(self, program: Program, reached: _Reached) -> Iterator[str]:
        """Say what may run in the program's place; that is judged on its own."""
        arrays = {index for function in reached for index in self._arrays.get(function, ())}
        for array in [self._object.maps[index] for index in sorted(arrays)]:
            names = [self._object.functions[at].name for at in dict.fromkeys(array.tail_calls)]
            whom = ", ".join(names[:_MAX_TARGETS]) or "whatever is put there after loading"
            more = f" and {len(names) - _MAX_TARGETS} others" if len(names) > _MAX_TARGETS else ""
            yield f"{program.name} may tail-call through {array.name}: {whom}{more}"

    def reach(self, start: int) -> _Reached:
        """Return every function in reach with the steps that lead to it, breadth first."""
        paths: dict[int, tuple[Step, ...]] = {start: ()}
        waiting = deque([start])
        while waiting:
            function = waiting.popleft()
            for slot, called in self._next.get(function, ()):
                if called not in paths:
                    paths[called] = (*paths[function], self._step(function, slot))
                    waiting.append(called)
        return paths

    def _call(
        self, function: int, slot: int, extern: int, came_from: tuple[Step, ...]
    ) -> CallSummary:
        step = self._step(function, slot)
        return CallSummary(
            kfunc=self._object.externs[extern].kernel_name,
            weak=self._object.externs[extern].weak,
            path=(*came_from, step),
            instruction=slot,
            source=step.source,
        )

    def _step(self, function: int, slot: int) -> Step:
        caller = self._object.functions[function]
        line = self._object.btf_ext and self._object.btf_ext.line(caller.section, slot)
        source = SourceLine(line.file, line.line, line.text.strip()) if line else None
        return Step(caller.name, slot, source)


def _is_program_array(obj: BpfObject, reference: Reference) -> bool:
    is_map = reference.kind == ReferenceKind.MAP
    return is_map and obj.maps[reference.index].kind == PROGRAM_ARRAY


class _Owners:
    """Finds the function that holds a slot; functions of one section do not overlap."""

    def __init__(self, functions: tuple[Function, ...]) -> None:
        self._functions = functions
        self._sections: dict[str, list[tuple[int, int]]] = {}
        for index, function in enumerate(functions):
            self._sections.setdefault(function.section, []).append((function.start, index))
        for starts in self._sections.values():
            starts.sort()

    def find(self, section: str, slot: int) -> int | None:
        """Return the index of the function, None for a slot outside all of them."""
        starts = self._sections.get(section, [])
        at = bisect_right(starts, (slot, len(self._functions))) - 1
        if at < 0:
            return None
        start, index = starts[at]
        return index if slot < start + self._functions[index].count else None
