"""Walk functions on demand and keep what was found: per function, arguments and regions.

A summary holds for every kernel that gives the same answers (`Summary.inputs`), so kernels share
them.
"""

from __future__ import annotations

from collections.abc import Container, Mapping

from verifier.engine.flow.body import Body
from verifier.engine.flow.budget import Budget, OutOfBudget
from verifier.engine.flow.calling import Callback, Enter, static_arguments
from verifier.engine.flow.inputs import Answer, Inputs
from verifier.engine.flow.inputs import Key as InputKey
from verifier.engine.flow.joined import joined_ways, live_blocks, sure_blocks, walk_joined
from verifier.engine.flow.object_code import MAX_DEPTH, Key, ObjectCode
from verifier.engine.flow.paths import walk_paths
from verifier.engine.flow.questions import Entered, Question, Slicer
from verifier.engine.flow.regions import NO_REGIONS, UNSURE_REGIONS, Regions
from verifier.engine.flow.slices import PASSED_BY, RESULT, WAYS, Live
from verifier.engine.flow.state import State, entry_state
from verifier.engine.flow.summary import (
    CALLBACK,
    GLOBAL,
    PASSED,
    STATIC,
    Edge,
    EdgeKind,
    Ending,
    HelperSite,
    Leak,
    Poison,
    Site,
    Summary,
    Way,
)
from verifier.engine.flow.values import UNKNOWN, VAGUE, Pointer, Value, functions_of
from verifier.engine.flow.walk import Note, Noted, Walk

_MAX_CONTEXTS = 24  # argument lists that a function is walked with; then any arguments
_ANY: tuple[Value, ...] = (VAGUE,) * 5


class Engine:
    """Walks functions for one kernel, with `exact` path by path as long as that budget lasts.

    `question`: what the exact walk is to find out; everything, if none. `fast`: an engine that
    walks all ways at once, which it starts from.
    """

    def __init__(
        self,
        code: ObjectCode,
        inputs: Inputs,
        steps: Budget,
        exact: Budget | None = None,
        question: Question | None = None,
        fast: Engine | None = None,
    ) -> None:
        self.code = code
        self._inputs = inputs
        self._budget = steps
        self._exact = exact
        self._question = question
        self._slicer: Slicer | None = None
        if question and fast:
            self._slicer = Slicer(code, inputs, question, fast.find_live)
        self._first_answers = dict(inputs.log)  # those that slices are made by
        self._known: dict[Key, Summary] = {}
        self._contexts: dict[int, int] = {}
        self._active: list[int] = []
        self._asked: dict[tuple[int, tuple[Value, ...], Regions], int] = {}

    def begin_log(self) -> Mapping[InputKey, Answer]:
        """Return a log of the answers that all that is found from here on depends on."""
        log = self._inputs.log = dict(self._first_answers)
        return log

    def enter(
        self, function: int, arguments: tuple[Value, ...], regions: Regions, asked: int
    ) -> tuple[tuple[Value, ...], Summary]:
        """Summarize a function that is called for its ways or result; return what of the arguments
        counted as well."""
        if self._contexts.get(function, 0) > 1:
            counted = self.code.counted(function)
            arguments = tuple(
                value if counted >> register & 1 else UNKNOWN
                for register, value in enumerate(arguments, 1)
            )
        if self._slicer:
            self._asked[function, arguments, regions] = asked
        return arguments, self.summarize(function, arguments, regions)

    def note_whole(self, callee: int) -> None:
        """Leave nothing out of the function that is walked, and of one that it calls."""
        self.code.whole.update((*self._active[-1:], callee))

    def find_live(self, entered: Entered) -> tuple[Live, dict[InputKey, Answer]]:
        """Walk all ways of a function at once; return what follows what, and by which answers."""
        function, arguments, regions = entered
        walk = self._start(function, arguments, every=False)
        body = self.code.body(function)
        entry = entry_state(arguments, regions)
        outer, self._inputs.log = self._inputs.log, {}
        try:
            flow = walk_joined(body, walk, entry, _Enter(self, walk), self._budget)
            answers = self._inputs.log
        finally:
            self._inputs.log = outer
        return live_blocks(flow, walk.vague), answers

    def summarize(self, function: int, arguments: tuple[Value, ...], regions: Regions) -> Summary:
        """Return what is found in a function entered with these arguments and in these regions."""
        asked = self._asked.get((function, arguments, regions), PASSED_BY)
        is_exact, noted = self._exact is not None, function in self.code.noted
        key = (function, arguments, regions, is_exact, self._question, asked, noted)
        if key not in self._known and self._contexts.get(function, 0) >= _MAX_CONTEXTS:
            key = (function, _ANY, regions, False, None, PASSED_BY, noted)
        known = self._known.get(key)
        if known is None:
            known = self._find_shared(key) or self._make(key)
            self._known[key] = known
            self._contexts[function] = self._contexts.get(function, 0) + 1
        self._inputs.log.update(known.inputs)
        return known

    def _find_shared(self, key: Key) -> Summary | None:
        """Find a summary made for another kernel that gives the same answers."""
        for summary in self.code.summaries.get(key, ()):
            if all(self._inputs.peek(asked) == answer for asked, answer in summary.inputs.items()):
                return summary
        return None

    def _make(self, key: Key) -> Summary:
        function, arguments, regions, exact, _, _, noted = key
        code = self.code
        told = function in code.graph.interesting or code.is_told(function)
        if not told and not _functions(arguments) and not exact:
            return Summary(function, (Way(VAGUE, regions),), True, {})
        if function in self._active or len(self._active) >= MAX_DEPTH:
            return self._give_up(function)
        body = self.code.body(function)
        if not body.understood:
            return self._give_up(function)
        outer, self._inputs.log = self._inputs.log, {}
        self._active.append(function)
        try:
            made = self._walk(body, key)
        except OutOfBudget:
            made = None
        finally:
            self._active.pop()
            self._inputs.log = outer
        if made is not None:
            self.code.summaries.setdefault(key, []).append(made)
            return made
        key = (function, arguments, regions, False, None, PASSED_BY, noted)
        return self._make(key) if exact else self._give_up(function)

    def _start(self, function: int, arguments: tuple[Value, ...], every: bool) -> Walk:
        section = self.code.object.functions[function].section
        core_slots = frozenset(self.code.core_slots_of(function))
        walk = Walk(self.code.graph, section, self._inputs, self.code.data, core_slots, every)
        calls = self.code.graph.calls[function]
        walk.asked_slots = calls.asked | calls.iterated
        walk.passes_functions = bool(calls.passed or _functions(arguments))
        walk.endings = self._endings(function)
        return walk

    def _endings(self, function: int) -> Container[int]:
        """Return the exits at which it matters what is returned; others may have had what they
        return left out."""
        question = self._question
        if question is None:
            return self.code.returned(function) or ()
        return question.slots_in(function) if question.returned else ()

    def _walk(self, body: Body, key: Key) -> Summary:
        function, arguments, regions, exact, _, asked, _ = key
        walk = self._start(function, arguments, every=exact)
        is_static = self.code.is_static(function)
        entry, enter = entry_state(arguments, regions), _Enter(self, walk)
        if exact and self._exact:
            entered = Entered(function, arguments, regions)
            ways = self._walk_exactly(entered, walk, entry, enter, asked)
            return _summarize(function, walk, ways, None, self._inputs, is_static)
        flow = walk_joined(body, walk, entry, enter, self._budget)
        sure = sure_blocks(flow, walk.noted_blocks())
        return _summarize(function, walk, joined_ways(flow), sure, self._inputs, is_static)

    def _walk_exactly(
        self, entered: Entered, walk: Walk, entry: State, enter: Enter, asked: int
    ) -> tuple[Way, ...]:
        """Walk path by path what of the function matters."""
        assert self._exact is not None
        body = self.code.body(entered.function)
        if self._slicer is None or entered.function in self.code.whole:
            return walk_paths(body, walk, entry, enter, self._exact)
        made, live, sought, answers = self._slicer.piece(entered, asked)
        self._inputs.log.update(answers)
        if sought is not None:
            walk.sought, walk.ends_early = set(sought), asked == PASSED_BY
        if not made.matters:
            return (Way(VAGUE, entry.regions),)
        ways = walk_paths(body, walk, entry, enter, self._exact, made, live)
        if asked == RESULT:
            return ways
        return tuple({way._replace(result=VAGUE): None for way in ways})

    def _give_up(self, function: int) -> Summary:
        """Take every call of a function as one that may be live."""
        calls = self.code.graph.calls[function]
        sites = [Site(slot, extern, False, UNSURE_REGIONS) for slot, extern in calls.kfuncs]
        helpers = [
            HelperSite(slot, number, False, UNSURE_REGIONS) for slot, number in calls.helpers
        ]
        edges = [
            Edge(self._call_kind(callee), slot, callee, False, UNSURE_REGIONS, _ANY)
            for slot, callee in calls.functions
        ]
        edges += [
            Edge(PASSED, slot, callee, False, NO_REGIONS, _ANY) for slot, callee in calls.passed
        ]
        return Summary(
            function,
            (Way(VAGUE, UNSURE_REGIONS),),
            False,
            {},
            tuple(sites),
            tuple(helpers),
            tuple(edges),
        )

    def _call_kind(self, function: int) -> EdgeKind:
        return STATIC if self.code.is_static(function) else GLOBAL


class _Enter:
    """Enters functions for one walk."""

    def __init__(self, engine: Engine, walk: Walk) -> None:
        self._engine = engine
        self._walk = walk

    def static(self, slot: int, function: int, state: State, asked: int) -> tuple[Way, ...]:
        """Note the call of a static function and return its ways out."""
        with_place = function in self._engine.code.graph.keeps_flags
        arguments = static_arguments(self._walk, state, with_place)
        self._walk.note_handed(arguments)
        self._note_kept(function, arguments)
        self._walk.note_received(state.registers[1:6])
        regions = state.regions.entering()
        arguments, summary = self._engine.enter(function, arguments, regions, asked)
        settled = summary.settled
        self._walk.note_edge(STATIC, slot, function, state, arguments, settled=settled)
        return summary.ways

    def callback(self, called: Callback, state: State) -> tuple[Way, ...]:
        """Note a callback that is run while its caller waits, and return its ways out."""
        slot, function, arguments, chosen = called
        self._walk.note_handed(arguments)
        self._note_kept(function, arguments)
        regions = state.regions.entering()
        arguments, summary = self._engine.enter(function, arguments, regions, WAYS)
        self._walk.note_edge(CALLBACK, slot, function, state, arguments, chosen)
        return summary.ways

    def _note_kept(self, function: int, arguments: tuple[Value, ...]) -> None:
        if any(isinstance(value, Pointer) and value.kept for value in arguments):
            self._engine.note_whole(function)
            self._walk.reads_stack_indirectly = True


def _summarize(
    function: int,
    walk: Walk,
    ways: tuple[Way, ...],
    sure: set[int] | None,
    inputs: Inputs,
    is_static: bool,
) -> Summary:
    """Make a summary of a walk's notes; `sure` are the blocks surely walked, None: as noted."""
    notes = [_settle(noted, sure) for noted in walk.notes.values()]
    edges = [note for note in notes if isinstance(note, Edge)]
    returned = [way.result for way in ways] if is_static else []
    entered = walk.received.union(*(_functions(edge.arguments) for edge in edges)) - walk.kept
    entered.update(edge.function for edge in edges)
    passed = walk.passed.items() if walk.may_pass(returned) else ()
    edges += [
        Edge(PASSED, slot, callee, False, NO_REGIONS, _ANY)
        for callee, (slot, _) in passed
        if callee not in entered
    ]
    return Summary(
        function,
        ways,
        True,
        dict(inputs.log),
        tuple(note for note in notes if isinstance(note, Site)),
        tuple(note for note in notes if isinstance(note, HelperSite)),
        tuple(edges),
        tuple(note for note in notes if isinstance(note, Poison)),
        tuple(note for note in notes if isinstance(note, Leak)),
        tuple(note for note in notes if isinstance(note, Ending)),
        settled=walk.sought is not None and not walk.sought,
    )


def _settle(noted: Noted, sure: set[int] | None) -> Note:
    """Return a note as sure as the block it was taken in, where that is known."""
    if sure is None or noted.block is None or noted.note.sure == (noted.block in sure):
        return noted.note
    return noted.note._replace(sure=noted.block in sure)


def _functions(arguments: tuple[Value, ...]) -> list[int]:
    """Return the functions whose addresses are among arguments."""
    return [function for value in arguments for function in functions_of(value)]
