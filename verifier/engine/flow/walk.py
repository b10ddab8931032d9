"""One walk through one function: what it may read, and what it notes down on the way."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from verifier.engine.flow.calls import CallGraph
from verifier.engine.flow.forks import ON_MAPS
from verifier.engine.flow.inputs import Inputs
from verifier.engine.flow.region_calls import Effect
from verifier.engine.flow.regions import NO_REGIONS, Regions
from verifier.engine.flow.state import State
from verifier.engine.flow.summary import (
    TIMER,
    WORK,
    Edge,
    EdgeKind,
    Ending,
    HelperSite,
    Leak,
    LeakKind,
    MapUse,
    Poison,
    Site,
)
from verifier.engine.flow.values import (
    ELEMENTS,
    NO_MAP,
    TO_DATA,
    TO_ELEMENT,
    TO_FRAME,
    TO_FUNCTION,
    TO_MAP,
    UNKNOWN,
    VAGUE,
    Asked,
    Given,
    Held,
    Pointer,
    PointerKind,
    Range,
    Source,
    Value,
    extend,
    functions_of,
    loaded,
)

_MAPS = (TO_MAP,)
_MAPS_AND_WHAT_IS_IN_THEM = (*ELEMENTS, TO_ELEMENT, TO_MAP, TO_DATA)
_MANY_TURNS = 256  # of a loop, by all ways; a walk gives up after some thousand

NoteKey = tuple[object, ...]
Note = Site | HelperSite | Edge | Ending | Leak | Poison


class Noted(NamedTuple):
    """A note, and the block that it was taken in: as sure as that. None: as it says itself."""

    note: Note
    block: int | None


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
        self.mixes_maps = graph.mixes_maps
        self.tells_elements = graph.has_locks or graph.mixes_maps
        self._first_place = graph.first_places[section]
        self.extern_kind = graph.extern_kind
        self.may_lack_variables = graph.may_lack_variables
        self.inputs = inputs
        self.core_slots = core_slots
        self.block = 0
        self.sure = True
        self.vague: set[int] = set()  # blocks that end in a branch on what is not known here
        self.passes_functions = True
        self.asked_slots: Container[int] = ()
        self.endings: Container[int] = ()  # slots of exits at which it matters what is in r0
        self.reads_stack_indirectly = False
        self.sought: set[int] | None = None  # slots to be found surely live, if no more is asked
        self.ends_early = False  # once none of them is left
        self.notes: dict[NoteKey, Noted] = {}
        self.received: set[int] = set()
        self.passed: dict[int, tuple[int, int]] = {}  # function → slot, block
        self.runs_unknown = False  # functions that are not seen, or what may be one is handed on
        self.keeps_functions = self.hands_stack = False
        self.kept: set[int] = set()  # functions whose addresses are kept on the stack
        self._data = data
        self._every = every
        self._turns: dict[int, tuple[int, State | None]] = {}

    # notes

    def note_site(self, slot: int, extern: int, state: State, effect: Effect) -> None:
        on_maps = self.extern_kind(extern).on_maps
        maps = _maps_in(state.registers, _MAPS_AND_WHAT_IS_IN_THEM) if on_maps else ()
        regions, fault, certain = state.regions, effect.fault, effect.certain
        site = Site(slot, extern, self.sure and certain, regions, fault, maps)
        self._note((slot, regions, fault, maps), site, self.block if certain else None)
        self._note_found(site)

    def note_helper(self, slot: int, number: int, state: State, effect: Effect) -> None:
        maps = _maps_in(state.registers, _MAPS_AND_WHAT_IS_IN_THEM if number in ON_MAPS else _MAPS)
        regions, fault, certain = state.regions, effect.fault, effect.certain
        site = HelperSite(slot, number, self.sure and certain, regions, fault, maps)
        self._note((slot, regions, fault, maps), site, self.block if certain else None)

    def note_edge(
        self,
        kind: EdgeKind,
        slot: int,
        function: int,
        state: State,
        arguments: tuple[Value, ...],
        chosen: bool = True,
        settled: bool = True,
    ) -> None:
        """Note a call of a function; `chosen` is False where it may be another that is called.

        Not `settled`: what is sought in the function is not all found yet.
        """
        regions = NO_REGIONS if kind in (TIMER, WORK) else state.regions.entering()
        edge = Edge(kind, slot, function, self.sure and chosen, regions, arguments)
        self._note((slot, function, regions, arguments), edge, self.block if chosen else None)
        if settled:
            self._note_found(edge)

    def note_leak(self, kind: LeakKind, slot: int, regions: Regions) -> None:
        if regions.is_open() or kind == LeakKind.PACKET:
            self._note((slot, regions), Leak(kind, slot, self.sure, regions), self.block)

    def note_ending(self, slot: int, state: State) -> Value:
        """Note what is returned where it matters, and return it."""
        value = self.settle(state.registers[0])
        if slot in self.endings:
            self._note((slot, value, Ending), Ending(slot, self.sure, value), self.block)
        return value

    def note_poison(self, slot: int) -> None:
        self._note((slot,), Poison(slot, self.sure), self.block)

    def _note(self, key: NoteKey, note: Note, block: int | None) -> None:
        """Keep a note; of a walk that comes again only the last one of a slot and part counts."""
        if not self._every:
            part = note.function if isinstance(note, Edge) else None
            key = (key[0], self.block, part, isinstance(note, Ending))
        elif not note.sure and key in self.notes and self.notes[key].note.sure:
            return
        self.notes[key] = Noted(note, block)

    def _note_found(self, note: Site | Edge) -> None:
        if self.sought and note.sure:
            self.sought.discard(note.slot)

    def note_received(self, arguments: list[Held]) -> None:
        """Functions among the arguments of a call that never returns: nothing runs them."""
        for value in arguments:
            if isinstance(value, Pointer) and value.kind == TO_FUNCTION:
                self.received.add(value.target)

    def note_passed(self, function: int, slot: int) -> None:
        self.passed.setdefault(function, (slot, self.block))

    def note_handed(self, arguments: Iterable[Value]) -> None:
        """What a function that is entered gets: anything, or what is kept on the stack."""
        for value in arguments:
            self.runs_unknown |= value is VAGUE
            self.hands_stack |= isinstance(value, Pointer) and value.kind == TO_FRAME

    def note_kept_function(self, base: Held, value: Value) -> None:
        """What may be the address of a function is written to a stack."""
        self.keeps_functions = True
        self.kept.update(functions_of(value))
        at = base.kind if isinstance(base, Pointer) else None
        self.runs_unknown |= base is VAGUE or at == TO_FRAME

    def may_pass(self, results: Iterable[Value]) -> bool:
        """Return whether a function whose address is loaded may be run where that is not seen;
        `results`: what is returned to a caller that may run it.

        The verifier follows such an address in registers and on the stack only.
        """
        if self._every or self.runs_unknown or (self.keeps_functions and self.hands_stack):
            return True
        return any(result is VAGUE or functions_of(result) for result in results)

    def noted_blocks(self) -> set[int]:
        """Return the blocks of all notes."""
        return {noted.block for noted in self.notes.values() if noted.block is not None}

    def widen(self, slot: int, state: State) -> None:
        """Forget bounds that grew since the last turn of an open-ended loop, as the verifier does.

        Mirrors widen_imprecise_scalars(); `slot` is where an iterator gives its next item, or a
        may_goto. Spilled bounds, which the verifier keeps where they decided a branch, are doubted,
        and only in a walk that may otherwise have no end.
        """
        if not self._every:
            return
        turns, before = self._turns.get(slot, (0, None))
        registers = state.registers
        for index, old in enumerate(before.registers if before else ()):
            if _grows(old, registers[index]):
                registers[index] = UNKNOWN
        if before and turns > _MANY_TURNS:
            state.stack.update(
                (start, (8, VAGUE))
                for start, old in before.stack.items()
                if _grows_in(state.stack, start, old)
            )
        self._turns[slot] = turns + 1, state.copy()

    def place(self, slot: int) -> int:
        """Return a number of a slot that no slot of another section has."""
        return self._first_place + slot

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
        given = self.inputs.give(Source(Asked.KCONFIG, extern, 0, offset, size, is_signed))
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


def _maps_in(registers: list[Held], kinds: Container[PointerKind]) -> tuple[MapUse, ...]:
    """Return the maps that arguments point to in one of some ways."""
    found = []
    for register in range(1, 6):
        value = registers[register]
        if isinstance(value, Pointer) and value.kind in kinds and value.target != NO_MAP:
            found.append(MapUse(value.kind == TO_DATA, value.target, register))
    return tuple(found)


def _grows_in(stack: Mapping[int, tuple[int, Value]], start: int, old: tuple[int, Value]) -> bool:
    """Return whether bounds of a register that is spilled to the stack became wider."""
    new = stack.get(start)
    return new is not None and old[0] == new[0] == 8 and _grows(old[1], new[1])


def _grows(old: Held, new: Held) -> bool:
    """Return whether bounds became wider."""
    if not isinstance(old, Range) or not isinstance(new, Range) or old == new:
        return False
    wider = new.umin <= old.umin and new.umax >= old.umax
    return old.width == new.width and wider and new.smin <= old.smin and new.smax >= old.smax
