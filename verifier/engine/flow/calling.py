"""Calls of helpers, kernel functions and global functions, and the callbacks they are given.

Mirrors check_helper_call(), check_kfunc_call() and push_callback_call() of kernel/bpf/verifier.c as
far as liveness and sleeping go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeGuard

from verifier.engine.flow.state import IRQ, LOCK, PREEMPT, RCU, State, pass_on
from verifier.engine.flow.summary import CALLBACK, GLOBAL, TIMER, WORK
from verifier.engine.flow.values import TRUSTED, UNKNOWN, VAGUE, Held, Pointer, Value
from verifier.engine.flow.walk import Walk

# BPF_FUNC_* numbers (include/uapi/linux/bpf.h)
_SPIN_LOCK, _SPIN_UNLOCK = 93, 94
_TIMER_SET_CALLBACK = 170
# which register is the callback, and what its arguments are made of (register, or 0: unknown)
_SYNCHRONOUS: Mapping[int, tuple[int, tuple[int, ...]]] = {
    164: (2, (0, 0, 0, 3)),  # bpf_for_each_map_elem
    180: (3, (0, 0, 4)),  # bpf_find_vma
    181: (2, (0, 3)),  # bpf_loop
    209: (2, (0, 3)),  # bpf_user_ringbuf_drain
}
# Helpers that only read what their pointers point to.
_READERS = frozenset(
    {1, 2, 3, 6, 12, 25, 51, 55, 87, 93, 94, 130, 156, 157, 164, 169, 170, 171, 172, 177, 181}
)

_WORK_KFUNCS = ("bpf_wq_set_callback", "bpf_task_work_schedule")
_THROW = "bpf_throw"
_NEXT_ITEM = re.compile(r"bpf_iter_\w+_next")
_REGION_KFUNCS: Mapping[str, Callable[[State], None]] = {
    "bpf_rcu_read_lock": lambda state: state.enter(RCU),
    "bpf_rcu_read_unlock": lambda state: state.leave(RCU),
    "bpf_preempt_disable": lambda state: state.enter(PREEMPT),
    "bpf_preempt_enable": lambda state: state.leave(PREEMPT),
    "bpf_local_irq_save": lambda state: state.enter(IRQ),
    "bpf_local_irq_restore": lambda state: state.leave(IRQ),
    # taken or not, by what they return
    "bpf_res_spin_lock": lambda state: state.doubt_region(LOCK),
    "bpf_res_spin_lock_irqsave": lambda state: state.doubt_region(LOCK),
}
_NO_ARGUMENTS: tuple[Value, ...] = ()


def call_helper(walk: Walk, state: State, slot: int, number: int) -> None:
    """Call a helper by its number."""
    if number == _SPIN_LOCK:
        state.enter(LOCK)
    elif number == _SPIN_UNLOCK:
        state.leave(LOCK)
    elif number == _TIMER_SET_CALLBACK:
        _pass_callback(walk, state, slot, TIMER, 2, _NO_ARGUMENTS)
    elif number in _SYNCHRONOUS:
        register, sources = _SYNCHRONOUS[number]
        arguments = tuple(
            pass_on(walk.settle(state.registers[at])) if at else UNKNOWN for at in sources
        )
        _pass_callback(walk, state, slot, CALLBACK, register, arguments)
    _finish(state, UNKNOWN, reads_only=number in _READERS)


def call_kfunc(walk: Walk, state: State, slot: int, index: int) -> bool | None:
    """Call an extern function; True where the path ends, since the loader poisoned the call."""
    extern = walk.object.externs[index]
    answer = walk.inputs.kfunc(index)
    walk.note_site(slot, index, state.regions)
    if not answer.found or extern.kernel_name == _THROW:
        walk.note_received(state.registers[1:6])
        return True
    if _NEXT_ITEM.fullmatch(extern.kernel_name):
        walk.widen(slot, state)
    effect = _REGION_KFUNCS.get(extern.kernel_name)
    if effect:
        effect(state)
    if any(map(_is_function, state.registers[1:6])):
        kind = WORK if extern.kernel_name.startswith(_WORK_KFUNCS) else CALLBACK
        for register in range(1, 6):
            _pass_callback(walk, state, slot, kind, register, _NO_ARGUMENTS)
    certain = not answer.may_be_null and walk.returns_pointer(index)
    _finish(state, TRUSTED if certain else UNKNOWN, reads_only=False)
    return None


def call_unknown(state: State) -> None:
    """Call something that the object does not name."""
    _finish(state, UNKNOWN, reads_only=False)


def call_global(walk: Walk, state: State, slot: int, function: int) -> None:
    """Call a global function, which is verified on its own."""
    walk.note_edge(GLOBAL, slot, function, state, _NO_ARGUMENTS)
    _finish(state, UNKNOWN, reads_only=False)


def finish_static(state: State, result: Value) -> None:
    """Return from a static function; it may have written through pointers to the stack."""
    _finish(state, result, reads_only=False)


def static_arguments(walk: Walk, state: State) -> tuple[Value, ...]:
    return tuple(pass_on(walk.settle(held)) for held in state.registers[1:6])


def _finish(state: State, result: Value, reads_only: bool) -> None:
    registers = state.registers
    if not reads_only and state.stack:
        _doubt_stack(state)
    registers[0] = result
    registers[1:6] = _SCRATCHED


_SCRATCHED: list[Value] = [UNKNOWN] * 5


def _doubt_stack(state: State) -> None:
    for value in state.registers[1:6]:
        if isinstance(value, Pointer) and value.kind == "stack":
            state.doubt_from(value.offset)
        elif value is VAGUE:
            state.doubt_all()


def _pass_callback(
    walk: Walk, state: State, slot: int, kind: str, register: int, arguments: tuple[Value, ...]
) -> None:
    """Note a callback: timers and work start afresh, others get what the call gives them."""
    value = state.registers[register]
    if not _is_function(value):
        return
    full = (*arguments, *[UNKNOWN] * (5 - len(arguments)))
    walk.note_edge(kind, slot, value.target, state, full)


def _is_function(value: Held) -> TypeGuard[Pointer]:
    return isinstance(value, Pointer) and value.kind == "function"
