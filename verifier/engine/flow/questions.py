"""What an exact walk is to find out: whether some instructions are live, and in which regions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from kfmap.quick_dataclass import dataclass
from verifier.engine.flow.inputs import Answer, Inputs, Key
from verifier.engine.flow.regions import Regions
from verifier.engine.flow.slices import PASSED_BY, RESULT, Live, Marks, Slice, find_slice
from verifier.engine.flow.values import Value, functions_of

if TYPE_CHECKING:
    from verifier.engine.flow.object_code import ObjectCode

_THROW = "bpf_throw"
_TIMER_SET_CALLBACK = 170


@dataclass(frozen=True, slots=True)
class Question:
    """Instructions by function and slot; `within`: the regions they are in matter as well.

    `returned`: at those that are exits it matters what is returned.
    """

    places: frozenset[tuple[int, int]]
    within: bool
    returned: bool = False

    def slots_in(self, function: int) -> frozenset[int]:
        """Return the slots of a function that are asked about."""
        return frozenset(slot for at, slot in self.places if at == function)


class Entered(NamedTuple):
    """A function entered with arguments, in regions."""

    function: int
    arguments: tuple[Value, ...]
    regions: Regions


class Piece(NamedTuple):
    """A slice of a function, what is live in it, and the kernel's answers that it was made by.

    `sought`: the calls that answer the question once they were all found surely live; None where
    more has to be known of them than that.
    """

    slice: Slice
    live: Live
    sought: frozenset[int] | None
    answers: dict[Key, Answer]


class Slicer:
    """Slices the functions of a program for one question on one kernel."""

    def __init__(
        self,
        code: ObjectCode,
        inputs: Inputs,
        question: Question,
        find_live: Callable[[Entered], tuple[Live, dict[Key, Answer]]],
    ) -> None:
        self._code = code
        self._graph = code.graph
        self._inputs = inputs
        self._question = question
        self._find_live = find_live
        self._pieces: dict[tuple[Entered, int], Piece] = {}
        self._targets: dict[int, set[int]] = {}
        for function, slot in question.places:
            self._targets.setdefault(function, set()).add(slot)
        self.entered = self._graph.closure(
            function in self._targets or self._changes(function)
            for function in range(len(self._graph.calls))
        )
        self._calls_back = any(
            callee in self.entered for calls in self._graph.calls for _, callee in calls.passed
        )

    def piece(self, entered: Entered, asked: int) -> Piece:
        """Return the slice of a function; `asked`: PASSED_BY where nobody waits for it to return,
        else for its WAYS or its RESULT."""
        key = (entered, asked)
        if key not in self._pieces:
            self._pieces[key] = self._make(entered, asked)
        return self._pieces[key]

    def _make(self, entered: Entered, asked: int) -> Piece:
        outer, self._inputs.log = self._inputs.log, {}
        try:
            live, answers = self._find_live(entered)
            marks = self._mark(entered.function, asked)
            made = find_slice(self._code.body(entered.function), marks, live)
            sought = self._seek(entered)
            return Piece(made, live, sought, answers | self._inputs.log)
        finally:
            self._inputs.log = outer

    def _seek(self, entered: Entered) -> frozenset[int] | None:
        """Find the calls that answer the question: those of kfuncs that the kernel lacks, and of
        functions that make such calls. Once one of them is sure no other way to it says more.

        By whom a function that is handed on is called is only known after all ways.
        """
        function, arguments, _ = entered
        calls = self._graph.calls[function]
        if self._question.within or self._question.returned:
            return None
        handed_on = [callee for _, callee in calls.passed]
        handed_on += [callee for value in arguments for callee in functions_of(value)]
        if not self.entered.isdisjoint(handed_on):
            return None
        lacking = {slot for slot, extern in calls.kfuncs if self._lacks(extern)}
        targets = self._targets.get(function, set())
        if not targets <= lacking:
            return None
        onward = {slot for slot, callee in calls.functions if callee in self.entered}
        return frozenset(targets | onward)

    def _changes(self, function: int) -> bool:
        """Return whether a function may end a path, or change regions where they are asked for."""
        calls = self._graph.calls[function]
        if self._question.within and (calls.asked or calls.locks):
            return True
        return any(self._ends(extern) for _, extern in calls.kfuncs)

    def _ends(self, extern: int) -> bool:
        """Return whether the path ends at the call of an extern."""
        return self._code.object.externs[extern].kernel_name == _THROW or self._lacks(extern)

    def _lacks(self, extern: int) -> bool:
        return not self._inputs.kfunc(extern).found

    def _mark(self, function: int, asked: int) -> Marks:
        calls = self._graph.calls[function]
        rows = set(self._targets.get(function, ()))
        given: set[int] = set()
        rows.update(slot for slot, extern in calls.kfuncs if self._ends(extern))
        rows.update(self._poisoned(function))
        rows.update(slot for slot, callee in calls.functions if callee in self.entered)
        rows.update(slot for slot, callee in calls.passed if callee in self.entered)
        given.update(slot for slot, _ in calls.helpers if slot in rows)  # it matters which map
        if self._graph.mixes_maps:
            given.update(slot for slot, _ in calls.kfuncs if slot in rows)
        if self._question.within:
            given |= calls.asked
            given |= calls.iterated & rows and calls.iterated
        if self._calls_back:
            given.update(slot for slot, _ in calls.kfuncs)
            given.update(slot for slot, number in calls.helpers if number == _TIMER_SET_CALLBACK)
        forks = set(calls.forks) if self._calls_back else set()
        if self._question.within:
            forks.update(calls.locks)
        forks.update(rows.intersection(calls.forks))
        return Marks(
            rows=rows | given,
            given=given,
            entered={
                callee: self._code.counted(callee)
                for _, callee in calls.functions
                if callee in self.entered and self._code.is_static(callee)
            },
            forks=forks,
            exits=asked != PASSED_BY,
            endings=rows if self._question.returned else (),
            result=asked == RESULT,
            tells_elements=self._graph.mixes_maps
            or (self._question.within and self._graph.has_locks),
        )

    def _poisoned(self, function: int) -> Iterable[int]:
        code = self._code.object.functions[function]
        slots = self._code.core_slots_of(function)
        return [slot for slot in slots if self._inputs.fails(code.section, slot)]
