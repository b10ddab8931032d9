"""One walk through one function: what it may read, and what it notes down on the way."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import NamedTuple

from verifier.engine.flow.calls import CallGraph
from verifier.engine.flow.inputs import Inputs
from verifier.engine.flow.state import NO_REGIONS, Regions, State
from verifier.engine.flow.summary import TIMER, WORK
from verifier.engine.flow.values import (
    UNKNOWN,
    VAGUE,
    Given,
    Held,
    Pointer,
    Range,
    Source,
    Value,
    extend,
    loaded,
)


class SiteNote(NamedTuple):
    """A call of an extern, in which block, and whether the path to it was sure."""

    slot: int
    extern: int
    regions: Regions
    block: int
    sure: bool


class EdgeNote(NamedTuple):
    """A call of a function, or a callback passed, in which block, as for sites."""

    kind: str
    slot: int
    function: int
    regions: Regions
    arguments: tuple[Value, ...]
    block: int
    sure: bool


NoteKey = tuple[object, ...]


class Walk:
    """Notes of one walk. `every`: keep the notes of every visit, not only of the last of each slot.

    `block` and `sure` are those of the path that is being walked.
    """

    def __init__(
        self,
        graph: CallGraph,
        section: str,
        inputs: Inputs,
        data: Mapping[int, bytes],
        core_slots: Container[int],
        every: bool,
    ) -> None:
        self.object = graph.object
        self.section = section
        self.reference = graph.references(section).get
        self.returns_pointer = graph.returns_pointer
        self.inputs = inputs
        self.core_slots = core_slots
        self.block = 0
        self.sure = True
        self.passes_functions = True
        self.reads_stack_indirectly = False
        self.sites: dict[NoteKey, SiteNote] = {}
        self.edges: dict[NoteKey, EdgeNote] = {}
        self.poisons: dict[int, tuple[int, bool]] = {}  # slot → block, sure
        self.received: set[int] = set()
        self.passed: dict[int, tuple[int, int]] = {}  # function → slot, block
        self._data = data
        self._every = every
        self._turns: dict[int, list[Held]] = {}

    # notes

    def note_site(self, slot: int, extern: int, regions: Regions) -> None:
        key: NoteKey = (slot, regions) if self._every else (slot,)
        known = self._every and key in self.sites and self.sites[key].sure
        self.sites[key] = SiteNote(slot, extern, regions, self.block, self.sure or known)

    def note_edge(
        self, kind: str, slot: int, function: int, state: State, arguments: tuple[Value, ...]
    ) -> None:
        regions = NO_REGIONS if kind in (TIMER, WORK) else state.regions
        key: NoteKey = (slot, function, regions, arguments) if self._every else (slot, function)
        known = self._every and key in self.edges and self.edges[key].sure
        sure = self.sure or known
        self.edges[key] = EdgeNote(kind, slot, function, regions, arguments, self.block, sure)

    def note_poison(self, slot: int) -> None:
        known = slot in self.poisons and self.poisons[slot][1]
        self.poisons[slot] = (self.block, self.sure or known)

    def note_received(self, arguments: list[Held]) -> None:
        """Functions among the arguments of a call that never returns: nothing runs them."""
        for value in arguments:
            if isinstance(value, Pointer) and value.kind == "function":
                self.received.add(value.target)

    def note_passed(self, function: int, slot: int) -> None:
        self.passed.setdefault(function, (slot, self.block))

    def noted_blocks(self) -> set[int]:
        """Return the blocks of all notes."""
        found = {note.block for note in self.sites.values()}
        found.update(note.block for note in self.edges.values())
        found.update(block for block, _ in self.poisons.values())
        return found

    def widen(self, slot: int, state: State) -> None:
        """Forget bounds that grew since the last turn of an open-ended loop, as the verifier does.

        Mirrors widen_imprecise_scalars(); `slot` is where an iterator gives its next item, or a
        may_goto.
        """
        if not self._every:
            return
        before, registers = self._turns.get(slot), state.registers
        for index, old in enumerate(before or ()):
            if _grows(old, registers[index]):
                registers[index] = UNKNOWN
        self._turns[slot] = registers.copy()

    # what can be read

    def second_immediate(self, slot: int) -> int:
        """Return the upper half of what lddw at `slot` loads."""
        immediates = self.object.code[self.section].immediates
        return immediates[slot + 1] if slot + 1 < len(immediates) else 0

    def read_data(self, section: int, offset: int, size: int, is_signed: bool) -> Value:
        """Read a data section: constants from .rodata, unknown bytes from others."""
        data = self._data.get(section)
        if data is None:
            return loaded(size, is_signed)
        return self._from_bytes(data, offset, size, is_signed)

    def read_kconfig(self, extern: int, offset: int, size: int, is_signed: bool) -> Held:
        given = self.inputs.give(Source("kconfig", extern, 0, offset, size, is_signed))
        return VAGUE if given is None else given

    def settle(self, held: Held) -> Value:
        """Return the value that something is made of."""
        return self.inputs.settle(held) if isinstance(held, Given) else held

    def _from_bytes(self, data: bytes, offset: int, size: int, is_signed: bool) -> Value:
        if offset < 0 or offset + size > len(data):
            return VAGUE
        part = data[offset : offset + size]
        little = self.object.little_endian
        number = int.from_bytes(part, "little") if little else int.from_bytes(part, "big")
        return extend(number, size, is_signed)


def _grows(old: Held, new: Held) -> bool:
    """Return whether bounds became wider."""
    if not isinstance(old, Range) or not isinstance(new, Range) or old == new:
        return False
    wider = new.umin <= old.umin and new.umax >= old.umax
    return old.width == new.width and wider and new.smin <= old.smin and new.smax >= old.smax
