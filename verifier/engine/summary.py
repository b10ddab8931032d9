"""What an object holds, whatever the kernel: its programs and the kfunc calls each can reach.

Reach is plain here: calls, and addresses of functions taken, along the shortest path; which of the
calls are live on a kernel is the question of `verifier.engine.flow`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

from kfmap.permission.name_list import list_names
from kfmap.quick_dataclass import dataclass
from verifier.engine.flow.calls import CallGraph, Path
from verifier.engine.object.code import hash_function
from verifier.engine.object.map_definitions import PROGRAM_ARRAY
from verifier.engine.object.model import (
    BpfObject,
    Program,
    ReferenceKind,
    StructOpsUse,
)
from verifier.engine.object.steps import step_at
from verifier.engine.result import SourceLine, Step

MAX_CALLS = 20_000
_HASH_LETTERS = 16


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
    """A program and its calls, sorted by kfunc and place.

    `instructions` counts those of all functions in reach, `code` is a hash of them: equal for the
    same source compiled alike. None and "" where an older release read the object.
    """

    name: str
    section: str
    program_type: str
    attach_type: str | None
    target: str | None
    struct_ops: tuple[StructOpsUse, ...]
    sleepable: bool
    optional: bool
    calls: tuple[CallSummary, ...]
    instructions: int | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class ObjectSummary:
    """One object."""

    size: int
    license: str
    programs: tuple[ProgramSummary, ...]
    notes: tuple[str, ...]


def summarize(obj: BpfObject, graph: CallGraph | None = None) -> ObjectSummary:
    """Return the summary; calls beyond MAX_CALLS are left out, and a note says so.

    `graph`: the object's calls, where they are known already.
    """
    graph = graph or CallGraph(obj)
    index = _CallIndex(obj, graph)
    programs, left, notes = [], MAX_CALLS, [*obj.notes]
    for program in obj.programs:
        reached = graph.find_paths([program.function])
        calls, left_out = index.calls_in(reached, left)
        if left_out:
            notes.append(f"{program.name}: {left_out} of its calls are not listed")
        notes += index.tail_call_notes(program, reached)
        programs.append(_summarize_program(program, calls, *index.code_of(reached)))
        left -= len(calls)
    return ObjectSummary(obj.size, obj.license, tuple(programs), tuple(notes))


def _summarize_program(
    program: Program, calls: list[CallSummary], instructions: int, code: str
) -> ProgramSummary:
    return ProgramSummary(
        name=program.name,
        section=program.section,
        program_type=program.kind.program_type,
        attach_type=program.kind.attach_type,
        target=program.kind.attach_target or program.kind.target,
        struct_ops=program.struct_ops,
        sleepable=program.kind.sleepable,
        optional=program.kind.optional,
        calls=tuple(calls),
        instructions=instructions,
        code=code,
    )


class _CallIndex:
    """The kfunc calls, tail calls and code of each function, found once for all programs."""

    def __init__(self, obj: BpfObject, graph: CallGraph) -> None:
        self._object = obj
        self._graph = graph
        self._hashes: dict[int, bytes] = {}  # function → hash of its code
        self._steps: dict[
            tuple[int, int], Step
        ] = {}  # those of calls that share a way are the same
        self._arrays: dict[int, list[int]] = {}  # function → program arrays it tail-calls through
        arrays = {at for at, item in enumerate(obj.maps) if item.kind == PROGRAM_ARRAY}
        if not arrays:
            return
        for (section, slot), reference in sorted(obj.references.items()):
            is_map = reference.kind == ReferenceKind.MAP
            if is_map and reference.index in arrays:
                owner = graph.function_at(section, slot)
                if owner is not None:
                    self._arrays.setdefault(owner, []).append(reference.index)

    def calls_in(self, reached: Mapping[int, Path], most: int) -> tuple[list[CallSummary], int]:
        """Return calls in the functions reached, at most so many, and how many are left out."""
        names = [extern.kernel_name for extern in self._object.externs]
        found = sorted(
            (
                (function, slot, extern)
                for function in reached
                for slot, extern in self._graph.calls[function].kfuncs
            ),
            key=lambda call: (names[call[2]], len(reached[call[0]]), call[1]),
        )
        listed = [
            self._call((*reached[at], (at, slot)), extern) for at, slot, extern in found[:most]
        ]
        return listed, len(found) - len(listed)

    def code_of(self, reached: Iterable[int]) -> tuple[int, str]:
        """Return how many instructions the functions reached have, and a hash of them."""
        count, digest = 0, sha256()
        for index in reached:
            function = self._object.functions[index]
            if index not in self._hashes:
                code = self._object.code[function.section]
                self._hashes[index] = hash_function(code, function)
            count += function.count
            digest.update(self._hashes[index])
        return count, digest.hexdigest()[:_HASH_LETTERS]

    def tail_call_notes(self, program: Program, reached: Iterable[int]) -> Iterator[str]:
        """Return what may run in the program's place; that is judged on its own."""
        arrays = {index for function in reached for index in self._arrays.get(function, ())}
        for array in [self._object.maps[index] for index in sorted(arrays)]:
            names = [self._object.functions[at].name for at in dict.fromkeys(array.tail_calls)]
            whom = list_names(names) or "whatever is put there after loading"
            yield f"{program.name} may tail-call through {array.name}: {whom}"

    def _call(self, path: Path, extern: int) -> CallSummary:
        steps = tuple(self._step(place) for place in path)
        return CallSummary(
            kfunc=self._object.externs[extern].kernel_name,
            weak=self._object.externs[extern].weak,
            path=steps,
            instruction=path[-1][1],
            source=steps[-1].source,
        )

    def _step(self, place: tuple[int, int]) -> Step:
        step = self._steps.get(place)
        if step is None:
            step = self._steps[place] = step_at(self._object, *place)
        return step
