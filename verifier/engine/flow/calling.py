"""Calls of helpers, kernel functions and global functions, and the callbacks they are given.

Mirrors check_helper_call(), check_kfunc_call() and push_callback_call() of kernel/bpf/verifier.c as
far as liveness, sleeping and regions go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from verifier.engine.flow.body import Row
from verifier.engine.flow.forks import (
    ELEMENT,
    LOOP,
    RESILIENT_LOCKS,
    SPIN_LOCK,
    SPIN_UNLOCK,
    SYNCHRONOUS,
)
from verifier.engine.flow.region_calls import Effect, identity, lock_effect, resilient_effect
from verifier.engine.flow.regions import MIXED, Regions
from verifier.engine.flow.set_up_maps import TIMER_INIT, map_register
from verifier.engine.flow.state import State, pass_on
from verifier.engine.flow.summary import CALLBACK, GLOBAL, TIMER, EdgeKind, Way
from verifier.engine.flow.values import (
    ELEMENTS,
    NO_MAP,
    OBJECT,
    TO_CHOICE,
    TO_ELEMENT,
    TO_FRAME,
    TO_MAP,
    TO_STACK,
    TO_TURN,
    TO_VALUE,
    TRUSTED,
    UNKNOWN,
    VAGUE,
    Held,
    Pointer,
    Range,
    Value,
    functions_of,
)
from verifier.engine.flow.walk import Walk

# BPF_FUNC_* numbers (include/uapi/linux/bpf.h)
_LOOKUP = 1
_TIMER_SET_CALLBACK = 170
# enum bpf_map_type: ARRAY and PERCPU_ARRAY; BPF_F_INNER_MAP; their keys are u32
_ARRAYS, _INNER, _KEY_BYTES = (2, 6), 1 << 12, 4
# Helpers that only read what their pointers point to.
_READERS = frozenset(
    {1, 2, 3, 6, 12, 25, 51, 55, 87, 93, 94, 130, 156, 157, 169, 170, 171, 172, 177}
)
# What is known of a region call's fault: __mark_reg_s32_range(-MAX_ERRNO, -1)
_ERROR = Range(32, (1 << 32) - 4095, (1 << 32) - 1, -4095, -1)

_NO_ARGUMENTS: tuple[Value, ...] = ()
_ROUNDS = 3  # of a callback whose regions differ from turn to turn


class Callback(NamedTuple):
    """A function that is run at a slot while its caller waits, with these arguments.

    `chosen` is False where it may be another that is run.
    """

    slot: int
    function: int
    arguments: tuple[Value, ...]
    chosen: bool


class Enter(Protocol):
    """Goes into functions whose regions and results come back to the caller."""

    def static(self, slot: int, function: int, state: State, asked: int) -> tuple[Way, ...]:
        """Note the call of a static function and return its ways out; `asked`: as in slices."""

    def callback(self, called: Callback, state: State) -> tuple[Way, ...]:
        """Note a callback that is run, and return its ways out."""


def call_helper(walk: Walk, state: State, slot: int, number: int) -> None:
    """Call a helper by its number."""
    result: Value = UNKNOWN
    if number == _LOOKUP:
        is_there = _finds_element(walk, state)
        if walk.tells_elements:
            result = _look_up(walk, state, walk.place(slot))
            result = result._replace(kind=TO_VALUE) if is_there else result
        elif is_there is not False:
            result = OBJECT if is_there else TRUSTED
    effect = Effect(state.regions)
    if number in (SPIN_LOCK, SPIN_UNLOCK):
        effect = lock_effect(number, state)
    elif number == _TIMER_SET_CALLBACK:
        _pass_callbacks(walk, state, slot, TIMER, 2)
        walk.runs_unknown |= not functions_of(state.registers[2])
    elif number == TIMER_INIT:
        effect = _set_up(walk, state, number)
    walk.note_helper(slot, number, state, effect)
    state.regions = effect.regions
    _finish(state, result, reads_only=number in _READERS)


def _look_up(walk: Walk, state: State, place: int) -> Pointer:
    """Return an element of a map: which one it is tells one lock from another.

    Each lookup counts as another element, as check_helper_call() gives each an id of its own; one
    in an inner map, or in a map that is chosen at run time, too. What a map of maps gives is a map.
    """
    target = _map_of(state.registers[1])
    if target != NO_MAP and walk.object.maps[target].inner:
        target = NO_MAP
    return _make(state, target, place)


def _finds_element(walk: Walk, state: State) -> bool | None:
    """Return whether a lookup surely finds an element: an array's, by a constant that lies in it.

    Mirrors can_elide_value_nullness() and get_constant_map_key() of kernel/bpf/verifier.c. None for
    a key on the stack of a caller: what is there is not kept.
    """
    target, key = _map_of(state.registers[1]), state.registers[2]
    if target == NO_MAP or not isinstance(key, Pointer):
        return False
    array = walk.object.maps[target]
    if array.kind not in _ARRAYS or array.flags & _INNER:
        return False
    if key.kind == TO_FRAME:
        return None if walk.inputs.trusts_lookups() else False
    size, number = state.stack.get(key.offset, (0, None)) if key.kind == TO_STACK else (0, None)
    fits = size == _KEY_BYTES and isinstance(number, int) and number < array.max_entries
    return fits and walk.inputs.trusts_lookups()


def _set_up(walk: Walk, state: State, called: int | str) -> Effect:
    """Doubt a call that sets something up with a map, where ways met with different ones, and with
    an inner map: in which one an element was looked up is not kept."""
    register = map_register(called) if walk.mixes_maps else 0
    given = state.registers[register - 1 : register + 1] if register else ()
    if any(value is VAGUE or _is_chosen(value) for value in given) or _is_inner(given[1:]):
        return Effect(state.regions, MIXED, certain=False)
    return Effect(state.regions)


def _is_inner(given: Sequence[Held]) -> bool:
    """Return whether a map is given that was looked up in a map of maps."""
    return any(isinstance(held, Pointer) and held.kind in (*ELEMENTS, TO_ELEMENT) for held in given)


def _is_chosen(held: Held) -> bool:
    return isinstance(held, Pointer) and held.kind == TO_CHOICE


def _map_of(held: Held) -> int:
    """Return which map of the object a register points to; NO_MAP for inner maps too."""
    return held.target if isinstance(held, Pointer) and held.kind == TO_MAP else NO_MAP


def _owner(arguments: list[Held]) -> int:
    """Return the map that has the element which a timer or work is in; NO_MAP if not known."""
    elements = (held for held in arguments if isinstance(held, Pointer) and held.kind in ELEMENTS)
    return next((held.target for held in elements), NO_MAP)


def _make(state: State, target: int, place: int) -> Pointer:
    """Return what may hold a lock, and forget what was looked up or made at the place before."""
    state.forget_element(target, place)
    return Pointer(TO_ELEMENT, target, place)


def call_kfunc(walk: Walk, state: State, slot: int, index: int) -> bool | None:
    """Call an extern function; True where the path ends, since the loader poisoned the call."""
    kind = walk.extern_kind(index)
    answer = walk.inputs.kfunc(index)
    found = kind.effect(state) if kind.effect and answer.found else None
    effect = found or _set_up(walk, state, kind.name)
    walk.note_site(slot, index, state, effect)
    if not answer.found or kind.throws:
        walk.note_received(state.registers[1:6])
        return True
    if kind.gives_next:
        walk.widen(slot, state)
    state.regions = effect.regions
    if kind.callbacks and walk.passes_functions:
        for register in range(1, 6):
            _pass_callbacks(walk, state, slot, kind.callbacks, register)
        walk.runs_unknown |= not any(map(functions_of, state.registers[1:6]))
    certain = not answer.may_be_null and walk.returns_pointer(index)
    result: Value = TRUSTED if certain else UNKNOWN
    if kind.makes and walk.tells_elements:
        result = _make(state, NO_MAP, walk.place(slot))
    _finish(state, result, reads_only=False)
    return None


def fork(walk: Walk, state: State, row: Row, enter: Enter) -> list[State]:
    """Carry out a call after which more than one state may follow."""
    slot, number = row[0], row[4]
    reference = walk.reference(slot)
    if reference is None:
        after = _run_helper_callbacks(walk, state, slot, number, enter)
        call_helper(walk, state, slot, number)
        return _with_regions(state, after)
    name = walk.object.externs[reference.index].kernel_name
    if name in RESILIENT_LOCKS:
        return _lock_or_not(walk, state, slot, reference.index)
    after = _run_tree_callbacks(walk, state, slot, enter)
    ends = call_kfunc(walk, state, slot, reference.index)
    return [] if ends else _with_regions(state, after)


def _lock_or_not(walk: Walk, state: State, slot: int, index: int) -> list[State]:
    """A resilient lock: taken where it returns zero, not where it returns an error."""
    taken = resilient_effect(walk.object.externs[index].kernel_name, state)
    walk.note_site(slot, index, state, taken)
    if not walk.inputs.kfunc(index).found:
        return []
    failed = state.copy()
    _finish(failed, _ERROR, reads_only=False)
    _finish(state, 0, reads_only=False)
    state.regions = taken.regions
    return [failed, state]


def _run_helper_callbacks(
    walk: Walk, state: State, slot: int, number: int, enter: Enter
) -> list[Regions]:
    """Run a helper's callback, if it is run at all, and return all regions that may follow."""
    register, sources = SYNCHRONOUS[number]
    turns = walk.settle(state.registers[1]) if number == LOOP else UNKNOWN
    if turns == 0 and not walk.inputs.walks_empty_loops():
        walk.note_received(state.registers[register : register + 1])
        return [state.regions]
    arguments = [_callback_argument(walk, state, slot, at) for at in sources]
    arguments += [UNKNOWN] * (5 - len(arguments))
    rounds = max(1, min(turns, _ROUNDS)) if isinstance(turns, int) else _ROUNDS
    return _run_callbacks(walk, state, slot, register, tuple(arguments), rounds, enter)


def _callback_argument(walk: Walk, state: State, slot: int, source: int) -> Value:
    """Return what a callback gets that is made of a register, of an element, or of no one knows."""
    if source == ELEMENT:
        return _turn(walk, slot, _map_of(state.registers[1]))
    if source == 0:
        return UNKNOWN
    return pass_on(walk.settle(state.registers[source]), state, with_kept=walk.tells_elements)


def _turn(walk: Walk, slot: int, target: int) -> Value:
    """Return an element of a map as a callback gets it, where it matters which one it is."""
    return Pointer(TO_TURN, target, walk.place(slot)) if walk.tells_elements else UNKNOWN


def _run_tree_callbacks(walk: Walk, state: State, slot: int, enter: Enter) -> list[Regions]:
    any_arguments: tuple[Value, ...] = (UNKNOWN,) * 5
    found = [at for at in range(1, 6) if functions_of(state.registers[at])]
    if not found:
        walk.runs_unknown = True
        return [state.regions]
    return _run_callbacks(walk, state, slot, found[0], any_arguments, _ROUNDS, enter)


def _run_callbacks(
    walk: Walk,
    state: State,
    slot: int,
    register: int,
    arguments: tuple[Value, ...],
    rounds: int,
    enter: Enter,
) -> list[Regions]:
    """Run a callback again as long as it leaves other regions than any turn before."""
    before, functions = state.regions, functions_of(state.registers[register])
    walk.runs_unknown |= not functions
    found, latest = [before], [before]
    elements = [value for value in map(identity, arguments) if value and value[0] == TO_TURN]
    for turn in range(rounds):
        new: list[Regions] = []
        for state.regions in latest:
            if turn:
                for element in elements:
                    state.regions = state.regions.forget_lock(element)
            for function in functions:
                called = Callback(slot, function, arguments, len(functions) == 1)
                for way in enter.callback(called, state):
                    after = state.regions.returning(way.regions)
                    if after not in found:
                        found.append(after)
                        new.append(after)
        latest = new
    state.regions = before
    return found


def _with_regions(state: State, regions: list[Regions]) -> list[State]:
    states = [state, *(state.copy() for _ in regions[1:])]
    for each, known in zip(states, regions, strict=True):
        each.regions = known
    return states


def call_unknown(walk: Walk, state: State) -> None:
    """Call something that the object does not name."""
    walk.runs_unknown = True
    _finish(state, UNKNOWN, reads_only=False)


def call_global(walk: Walk, state: State, slot: int, function: int) -> None:
    """Call a global function, which is verified on its own."""
    walk.note_edge(GLOBAL, slot, function, state, _NO_ARGUMENTS)
    _finish(state, UNKNOWN, reads_only=False)


def finish_static(state: State, result: Value) -> None:
    """Return from a static function; it may have written through pointers to the stack."""
    _finish(state, result, reads_only=False)


def pass_by(state: State) -> State:
    """Go on after a call of which nothing is asked."""
    _finish(state, UNKNOWN, reads_only=False)
    return state


def static_arguments(walk: Walk, state: State, with_place: bool) -> tuple[Value, ...]:
    """Return what a static function gets; `with_place`: it keeps flags on its caller's stack."""
    return tuple(
        pass_on(walk.settle(held), state, with_place, walk.tells_elements)
        for held in state.registers[1:6]
    )


def _finish(state: State, result: Value, reads_only: bool) -> None:
    registers = state.registers
    if not reads_only:
        _doubt_stack(state)
    registers[0] = result
    registers[1:6] = _SCRATCHED


_SCRATCHED: list[Value] = [UNKNOWN] * 5


def _doubt_stack(state: State) -> None:
    for value in state.registers[1:6]:
        if value is VAGUE:
            state.doubt_all()
            return
        if isinstance(value, Pointer):
            if value.kind == TO_STACK:
                state.doubt_from(value.offset)
            elif value.kept:
                state.forget_kept()


def _pass_callbacks(walk: Walk, state: State, slot: int, kind: EdgeKind, register: int) -> None:
    """Note callbacks that are run later, or in a way that is not known, with any arguments."""
    functions = functions_of(state.registers[register])
    arguments: tuple[Value, ...] = (UNKNOWN,) * 5
    if kind != CALLBACK:  # callback_fn(map, key, value)
        element = _turn(walk, slot, _owner(state.registers[1:6]))
        arguments = (UNKNOWN, UNKNOWN, element, UNKNOWN, UNKNOWN)
    for function in functions:
        walk.note_edge(kind, slot, function, state, arguments, len(functions) == 1)
