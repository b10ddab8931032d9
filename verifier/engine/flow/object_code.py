"""The code of one object, as far as it is the same for all kernels: what walks of it share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from verifier.engine.flow.body import Body, build_body
from verifier.engine.flow.calls import CallGraph
from verifier.engine.flow.forks import TREE_ADD
from verifier.engine.flow.needed import ARGUMENTS, find_needed
from verifier.engine.flow.questions import Question
from verifier.engine.flow.regions import Regions
from verifier.engine.flow.returned import Returned, find_given, find_returned
from verifier.engine.flow.summary import Summary
from verifier.engine.flow.values import Value
from verifier.engine.object.model import BpfObject, Linkage, ReferenceKind

MAX_DEPTH = 16  # of calls within calls; the verifier allows 8
_MAX_DECODED = 50_000  # instructions that are kept decoded: 150 bytes each

# function, arguments, regions, whether exact, for which question, what its caller waits for,
# whether what it returns is noted
Key = tuple[int, tuple[Value, ...], Regions, bool, Question | None, int, bool]


class ObjectCode:
    """What is the same for all kernels: calls, decoded functions, constants, summaries."""

    def __init__(self, obj: BpfObject, data: Mapping[int, bytes]) -> None:
        self.object = obj
        self.data = data
        self.graph = CallGraph(obj)
        core = obj.btf_ext.core if obj.btf_ext else {}
        self.core_slots = {section: frozenset(info.slots) for section, info in core.items()}
        self._checked: dict[int, list[int]] = {}  # function → slots that are asked about as well
        self.summaries: dict[Key, list[Summary]] = {}
        # Functions that hand on, or get, a stack where what may hold a lock is kept: what is
        # written there matters, and slices do not follow it.
        self.whole: set[int] = set()
        self._exits: dict[int, Mapping[int, Returned] | None] = {}
        self.noted: set[int] = set()  # functions at whose exits walks note what is returned
        self._depth = 0  # of calls within calls, followed back from exits
        self._bodies: dict[int, Body] = {}
        self._decoded = 0  # instructions in these
        self._counted: dict[int, int] = {}

    def body(self, function: int) -> Body:
        """Return the decoded code of a function; of large objects that of the last functions.

        A function is hardly walked again once others have been: its summary is kept.
        """
        body = self._bodies.get(function)
        if body is None:
            while self._decoded > _MAX_DECODED and self._bodies:
                self._decoded -= self._size(oldest := next(iter(self._bodies)))
                del self._bodies[oldest]
            calls = self.graph.calls[function]
            body = self._bodies[function] = build_body(
                self.object, function, calls.functions, self.is_static, calls.forks
            )
            self._decoded += self._size(function)
        return body

    def _size(self, function: int) -> int:
        return self.object.functions[function].count

    def is_static(self, function: int) -> bool:
        """Return whether the verifier follows a call of this function with the caller's values."""
        return self.object.functions[function].linkage != Linkage.GLOBAL

    def counted(self, function: int) -> int:
        """Return which arguments of a function can tell its ways apart, as bits of registers."""
        if function not in self._counted:
            self._counted[function] = ARGUMENTS  # while it is looked at: it may call itself
            calls, body = self.graph.calls[function], self.body(function)
            if body.understood:
                asked = calls.asked | calls.iterated
                needed = find_needed(body, True, asked, self.counted)
                self._counted[function] = needed[0] & ARGUMENTS
        return self._counted[function]

    def check_slots(self, places: Iterable[tuple[str, int]]) -> None:
        """Ask about more instructions, by section and slot, whether they fail on a kernel."""
        by_section: dict[str, set[int]] = {}
        for section, slot in places:
            by_section.setdefault(section, set()).add(slot)
            function = self.graph.function_at(section, slot)
            if function is not None:
                self._checked.setdefault(function, []).append(slot)
        for section, slots in by_section.items():
            self.core_slots[section] = self.core_slots.get(section, frozenset()) | slots

    def is_told(self, function: int) -> bool:
        """Return whether `check_slots` named any instruction of a function, or what it returns is
        noted."""
        return function in self._checked or bool(self.returned(function))

    def returned(self, function: int) -> Mapping[int, Returned] | None:
        """Return what the exits of a function return, by slot, if walks note it."""
        return self.find_returned(function) if function in self.noted else None

    def note_returned(self, function: int) -> None:
        """Have walks note what the exits of a function return, from now on."""
        self.noted.add(function)

    def find_returned(self, function: int) -> Mapping[int, Returned] | None:
        """Return what the exits of a function return, by slot, as far as its code shows that.

        None where its jumps cannot be followed.
        """
        if function not in self._exits:
            self._exits[function] = None  # while it is looked at: it may call itself
            item = self.object.functions[function]
            calls = self.graph.calls[function].functions
            self._exits[function] = find_returned(
                self.object.code[item.section],
                item,
                frozenset(self.core_slots_of(function)),
                {slot: callee for slot, callee in calls if self.is_static(callee)},
                self._find_constants,
            )
        return self._exits[function]

    def find_given(self, function: int, slots: Iterable[int]) -> Mapping[int, Returned] | None:
        """Return what calls at some slots are given in r1, as `find_returned`."""
        item = self.object.functions[function]
        relocated = frozenset(self.core_slots_of(function))
        return find_given(self.object.code[item.section], item, slots, relocated)

    def _find_constants(self, function: int) -> Collection[int] | None:
        """Return all that a function returns, None where that is not only constants."""
        if self._depth >= MAX_DEPTH:
            return None
        self._depth += 1
        exits = self.find_returned(function)
        self._depth -= 1
        if not exits or any(item.has_others for item in exits.values()):
            return None
        return {number for item in exits.values() for number in item.constants}

    def core_slots_of(self, function: int) -> list[int]:
        """Return the slots of a function that CO-RE relocates, and those that are checked."""
        return [*self.graph.calls[function].relocated, *self._checked.get(function, ())]

    def orders_tree(self, function: int, slot: int) -> bool:
        """Return whether a call runs its callback to order an rbtree."""
        reference = self.graph.references(self.object.functions[function].section).get(slot)
        if reference is None or reference.kind != ReferenceKind.KFUNC:
            return False
        return self.object.externs[reference.index].kernel_name.startswith(TREE_ADD)
