"""The state of one function while it is walked: registers, its own stack, regions it is in."""

from __future__ import annotations

from typing import TypeGuard

from verifier.engine.flow.regions import NO_REGIONS as NO_REGIONS
from verifier.engine.flow.regions import Regions as Regions
from verifier.engine.flow.values import (
    ELEMENTS,
    NO_MAP,
    OBJECT,
    TO_CHOICE,
    TO_DATA,
    TO_ELEMENT,
    TO_FRAME,
    TO_OBJECT,
    TO_STACK,
    TO_VALUE,
    UNKNOWN,
    VAGUE,
    Held,
    Pointer,
    Value,
    as_range,
    extend,
    join,
    loaded,
)

FRAME = Pointer(TO_STACK)
FRAMES = Pointer(TO_FRAME)
_MAX_SLOTS = 64  # known stack slots kept; more are forgotten


class State:
    """Mutable; `copy` before two ways part. Stack slots not listed hold unknown bytes."""

    __slots__ = ("regions", "registers", "stack")

    def __init__(
        self, registers: list[Held], stack: dict[int, tuple[int, Value]], regions: Regions
    ) -> None:
        self.registers = registers
        self.stack = stack
        self.regions = regions

    def copy(self) -> State:
        return State(self.registers.copy(), self.stack.copy(), self.regions)

    # stack

    def store(self, offset: int, size: int, value: Value) -> None:
        """Write to the own stack; the verifier remembers zeros and what starts an 8-byte slot."""
        self.forget(offset, size)
        if offset % 8 and value != 0 and value is not VAGUE:
            value = UNKNOWN
        if isinstance(value, int):
            value &= (1 << 8 * size) - 1
        elif size < 8 and value is not VAGUE:
            value = as_range(value, 32) if size == 4 else UNKNOWN
        if value != UNKNOWN and len(self.stack) < _MAX_SLOTS:
            self.stack[offset] = (size, value)

    def load(self, offset: int, size: int, is_signed: bool) -> Value:
        """Read from the own stack."""
        known = self.stack.get(offset)
        if known is not None and known[0] == size:
            return self._loaded(known[1], size, is_signed)
        for start, (length, value) in self.stack.items():
            if start < offset + size and offset < start + length:
                whole = start <= offset and offset + size <= start + length
                if whole and value == 0:
                    return 0
                return VAGUE
        return loaded(size, is_signed)

    def _loaded(self, value: Value, size: int, is_signed: bool) -> Value:
        if isinstance(value, int):
            return extend(value, size, is_signed)
        if size == 8 or value is VAGUE or not is_signed:
            return value
        return loaded(size, is_signed)

    def doubt_all(self) -> None:
        """Something was written to a place that may be anywhere on the stack."""
        for start, (length, value) in self.stack.items():
            if value is not VAGUE:
                self.stack[start] = (length, VAGUE)
        self._forget_kept_in_registers()

    def find_kept(self) -> tuple[tuple[int, Pointer], ...]:
        """Return what may hold a lock and is kept on the stack, by offset."""
        return tuple(
            (start, value)
            for start, (length, value) in sorted(self.stack.items(), key=lambda item: item[0])
            if length == 8 and _may_hold_lock(value)
        )

    def store_kept(self, base: Pointer, offset: int, size: int, value: Value) -> None:
        """Write to the stack of a caller: forget what was kept there, and keep what may be."""
        if not base.target:
            self.forget_kept()
            return
        start = base.offset + offset
        stored = ((start, value),) if size == 8 and _may_hold_lock(value) else ()

        def stored_in(held: Pointer) -> Pointer:
            if held.kind != TO_FRAME or held.target != base.target:
                return held
            kept = [item for item in held.kept if not start - 8 < item[0] < start + size]
            return held._replace(kept=tuple(sorted((*kept, *stored))))

        for register, held in enumerate(self.registers):
            if isinstance(held, Pointer):
                self.registers[register] = stored_in(held)
        for at, (length, known) in self.stack.items():
            if isinstance(known, Pointer):
                self.stack[at] = (length, stored_in(known))

    def forget_kept(self) -> None:
        """Something was written to the stack of a caller, or may have been."""
        self._forget_kept_in_registers()
        for start, (length, value) in self.stack.items():
            if isinstance(value, Pointer) and value.kept:
                self.stack[start] = (length, value._replace(kept=()))

    def _forget_kept_in_registers(self) -> None:
        for index, held in enumerate(self.registers):
            if isinstance(held, Pointer) and held.kept:
                self.registers[index] = held._replace(kept=())

    def forget(self, offset: int, size: int) -> None:
        """Drop what is known of some bytes."""
        stack = self.stack
        if not stack or (offset in stack and stack[offset][0] == size):
            stack.pop(offset, None)
            return
        end = offset + size
        for start in [start for start in stack if start < end and offset < start + stack[start][0]]:
            del stack[start]

    def doubt_from(self, offset: int) -> None:
        """Something else got the address `offset`: what is above may have been overwritten."""
        for start, (length, value) in self.stack.items():
            if start + length > offset and value is not VAGUE:
                self.stack[start] = (length, VAGUE)

    def forget_element(self, target: int, slot: int) -> None:
        """Another element is looked up or made at a slot: what held the one before is any object,
        and so is what a lock that is held guards."""
        old = (Pointer(TO_ELEMENT, target, slot), Pointer(TO_VALUE, target, slot))
        if any(value in old for value in self.registers):
            self.registers = [_any(value) if value in old else value for value in self.registers]
        for start, (length, value) in self.stack.items():
            if value in old:
                self.stack[start] = (length, _any(value))
        self.regions = self.regions.forget_lock((TO_VALUE, target, slot))

    # ways that meet

    def join(self, other: State, place: int | None = None) -> bool:
        """Keep only what holds in both; say whether anything was lost.

        `place`: where the ways meet, if it is kept which of two that may hold a lock it was.
        """
        changed = False
        mine = self.registers
        chosen: dict[tuple[Held, Held], int] = {}  # copies of one choice are the same
        if mine != other.registers:
            for index, value in enumerate(other.registers):
                known = mine[index]
                if known != value and known is not VAGUE:
                    joined = join(known, value)
                    if place is not None and _may_hold_lock(known) and _may_hold_lock(value):
                        first = chosen.setdefault((known, value), index)
                        joined = Pointer(TO_CHOICE, NO_MAP, place + first)
                    mine[index] = joined
                    changed |= joined != known
        if self.stack != other.stack:
            changed |= self._join_stack(other)
        if self.regions != other.regions:
            regions = self.regions.join(other.regions)
            changed |= regions != self.regions
            self.regions = regions
        return changed

    def _join_stack(self, other: State) -> bool:
        """Doubt a slot known on one side only: the other side may have any bytes there."""
        joined: dict[int, tuple[int, Value]] = {}
        for start in self.stack.keys() | other.stack.keys():
            mine, its = self.stack.get(start), other.stack.get(start)
            if mine is None or its is None:
                joined[start] = ((mine or its or (8, VAGUE))[0], VAGUE)
            elif mine[0] == its[0]:
                joined[start] = (mine[0], join(mine[1], its[1]))
            else:
                joined[start] = (max(mine[0], its[0]), VAGUE)
        changed = joined != self.stack
        self.stack = joined
        return changed


def _may_hold_lock(value: Held) -> TypeGuard[Pointer]:
    return isinstance(value, Pointer) and value.kind in (*ELEMENTS, TO_CHOICE, TO_DATA)


def _any(element: Held) -> Value:
    is_there = isinstance(element, Pointer) and element.kind == TO_VALUE
    return OBJECT if is_there else UNKNOWN


def entry_state(arguments: tuple[Value, ...], regions: Regions) -> State:
    """Return the state at the start of a function."""
    registers: list[Held] = [UNKNOWN] * 16  # r11 holds arguments on the stack; no more exist
    registers[1 : 1 + len(arguments)] = arguments
    registers[10] = FRAME
    return State(registers, {}, regions)


def pass_on(value: Value, state: State, with_place: bool = False, with_kept: bool = False) -> Value:
    """Return what a callee knows of an argument: the caller's stack is just memory to it.

    `with_place`: it has to know which, since flags are kept there; `with_kept`: and what may hold
    a lock there.
    """
    if not isinstance(value, Pointer):
        return value
    if value.kind not in (TO_STACK, TO_FRAME):
        return OBJECT if value.kind == TO_OBJECT else value
    kept = value.kept
    if with_kept and value.kind == TO_STACK:
        kept = state.find_kept()
    if not (with_place or kept) or (value.kind == TO_FRAME and not value.target):
        return FRAMES
    return Pointer(TO_FRAME, value.target + 1, value.offset, kept)
