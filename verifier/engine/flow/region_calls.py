"""What calls that begin and end regions do, and what is wrong with those that end one.

Mirrors check_kfunc_call(), process_spin_lock(), process_irq_flag() and process_iter_arg() of
kernel/bpf/verifier.c. All kernels that have a call agree on what it does; what they refuse differs
and is judged from the notes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from verifier.engine.flow.forks import RESILIENT_LOCKS, SPIN_LOCK
from verifier.engine.flow.regions import (
    ANY_CHOICE,
    APART,
    DIFFERENT,
    LIVE,
    RESILIENT,
    RESILIENT_IRQ,
    SAME,
    SPIN,
    UNMATCHED,
    Flag,
    Lock,
    Place,
    Regions,
    fault_of_lock,
    fault_of_restore,
    fault_of_unlock,
)
from verifier.engine.flow.state import State
from verifier.engine.flow.values import (
    ELEMENTS,
    TO_CHOICE,
    TO_DATA,
    TO_ELEMENT,
    TO_FRAME,
    TO_STACK,
    TO_VALUE,
    VAGUE,
    Held,
    Pointer,
)

# Of these the first argument is the head of a list or the root of a tree: is_bpf_list_api_kfunc()
# and is_bpf_rbtree_api_kfunc() of kernel/bpf/verifier.c.
_OF_ROOTS = re.compile(
    r"bpf_list_((push|pop)_(front|back)|front|back|add|del|is_first|is_last|empty)(_impl)?"
    r"|bpf_rbtree_(add|remove|first|root|left|right)(_impl)?"
)
_ITERATOR = re.compile(r"bpf_iter_\w+_(new|next|destroy)")
_NEW, _DESTROY = "new", "destroy"


class Effect(NamedTuple):
    """The regions after a call, and what is wrong with it; perhaps only, if not `certain`."""

    regions: Regions
    fault: str = ""
    certain: bool = True


def has_region_effect(name: str) -> bool:
    """Return whether a kernel function begins or ends a region, or is for one lock only."""
    return name in _EFFECTS or _OF_ROOTS.fullmatch(name) is not None


def is_of_iterator(name: str) -> bool:
    """Return whether a kernel function makes, asks or ends an iterator."""
    return _ITERATOR.fullmatch(name) is not None


def find_effect(name: str, with_iterators: bool) -> Callable[[State], Effect] | None:
    """Return what calling a kernel function does to regions, None for one that does nothing."""
    if _OF_ROOTS.fullmatch(name):
        return _use_root
    iterator = _ITERATOR.fullmatch(name) if with_iterators else None
    return partial(_iterate, iterator[1]) if iterator else _EFFECTS.get(name)


def ends_section(name: str) -> bool:
    """Return whether a kernel function may end what protects an iterator."""
    return name in _EFFECTS and ("unlock" in name or "enable" in name or "restore" in name)


def lock_effect(number: int, state: State) -> Effect:
    """Return what bpf_spin_lock() or bpf_spin_unlock() does."""
    lock = _lock(SPIN, state)
    if number == SPIN_LOCK:
        return Effect(state.regions.take(lock))
    return _release(lock, state)


def resilient_effect(name: str, state: State) -> Effect:
    """Return what a resilient lock does that was taken; it may also not have been."""
    with_irq = name == RESILIENT_LOCKS[1]
    lock = _lock(RESILIENT_IRQ if with_irq else RESILIENT, state)
    regions = state.regions.take(lock)
    if with_irq:
        regions = regions.save_irq(Flag(True, _place(state.registers[2])))
    fault, resilient = fault_of_lock(state.regions, lock), state.regions.resilient_locks()
    if not fault and any(_may_be(item, lock) for item in resilient):
        return Effect(regions, SAME, certain=False)
    return Effect(regions, fault)


def identity(value: Held) -> tuple[str, int, int] | None:
    """Return what a lock guards, as far as it is known: a data section, or a looked up element.

    One that is not known to be there counts as well: an exact walk leaves out what decides it.
    """
    if isinstance(value, Pointer) and value.kind == TO_DATA:
        return TO_DATA, value.target, 0
    if isinstance(value, Pointer) and value.kind in (*ELEMENTS, TO_ELEMENT):
        kind = TO_VALUE if value.kind == TO_ELEMENT else value.kind
        return kind, value.target, value.offset
    return None


def _place(value: Held) -> Place:
    if isinstance(value, Pointer) and (value.kind == TO_STACK or value.target):
        return (value.target, value.offset) if value.kind in (TO_STACK, TO_FRAME) else None
    return None


def _lock(kind: str, state: State) -> Lock:
    """Return the lock that the first argument of a call points to."""
    value = state.registers[1]
    return Lock(kind, identity(value), _choice(value))


def _choice(value: Held) -> int | None:
    if isinstance(value, Pointer) and value.kind == TO_CHOICE:
        return value.offset
    return ANY_CHOICE if value is VAGUE else None


def _release(lock: Lock, state: State) -> Effect:
    """Release a lock; where ways with different locks met, it may be another than is held."""
    fault = fault_of_unlock(state.regions, lock)
    after, held = state.regions.release(lock), state.regions.locks
    if not fault and held and _may_differ(held[-1], lock):
        return Effect(after, DIFFERENT, certain=False)
    return Effect(after, fault)


def _may_differ(held: Lock, lock: Lock) -> bool:
    """Return whether ways met with different locks; the same choice of one is the same lock."""
    if lock.choice is not None and held.choice is not None:
        return lock.choice != held.choice
    return _may_be(held, lock)


def _may_be(held: Lock, lock: Lock) -> bool:
    """Return whether a lock may be the one that is held, or another, as either was chosen."""
    if lock.choice is None:
        return held.choice is not None and lock.of is not None
    return held.choice is not None or held.of is not None


def _lock_rcu(state: State) -> Effect:
    return Effect(state.regions.enter_rcu())


def _unlock_rcu(state: State) -> Effect:
    return Effect(state.regions.leave_rcu(), UNMATCHED if state.regions.rcu == 0 else "")


def _disable_preemption(state: State) -> Effect:
    return Effect(state.regions.disable_preemption())


def _enable_preemption(state: State) -> Effect:
    fault = UNMATCHED if state.regions.preempt == 0 else ""
    return Effect(state.regions.enable_preemption(), fault)


def _save_irq(state: State) -> Effect:
    return Effect(state.regions.save_irq(Flag(False, _place(state.registers[1]))))


def _restore_irq(state: State) -> Effect:
    flag = Flag(False, _place(state.registers[1]))
    return Effect(state.regions.restore_irq(flag), fault_of_restore(state.regions, flag))


def _unlock_resilient(state: State) -> Effect:
    return _release(_lock(RESILIENT, state), state)


def _unlock_resilient_irq(state: State) -> Effect:
    lock = _lock(RESILIENT_IRQ, state)
    flag = Flag(True, _place(state.registers[2]))
    regions, fault, certain = _release(lock, state)
    fault = fault or fault_of_restore(state.regions, flag)
    return Effect(regions.restore_irq(flag), fault, certain)


def _use_root(state: State) -> Effect:
    """A list or tree is used: the lock in the same map value or data has to be held.

    Mirrors check_reg_allocation_locked(); that any lock is held is asked of the kernel's types.
    """
    root, held = identity(state.registers[1]), state.regions.locks
    apart = root and held and all(lock.of not in (None, root) for lock in held)
    return Effect(state.regions, APART if apart else "")


def _iterate(what: str, state: State) -> Effect:
    """An iterator is made, asked for its next item, or ended; its own frame's only."""
    place, regions = state.registers[1], state.regions
    if not isinstance(place, Pointer) or place.kind != TO_STACK:
        return Effect(regions)
    if what == _NEW:
        return Effect(regions.iterate(place.offset))
    known = regions.iteration(place.offset)
    if what == _DESTROY or (known and known.state != LIVE):  # one complaint is enough
        regions = regions.end_iteration(place.offset)
    return Effect(regions, known.state, known.certain) if known else Effect(regions)


_EFFECTS: Mapping[str, Callable[[State], Effect]] = {
    "bpf_rcu_read_lock": _lock_rcu,
    "bpf_rcu_read_unlock": _unlock_rcu,
    "bpf_preempt_disable": _disable_preemption,
    "bpf_preempt_enable": _enable_preemption,
    "bpf_local_irq_save": _save_irq,
    "bpf_local_irq_restore": _restore_irq,
    "bpf_res_spin_unlock": _unlock_resilient,
    "bpf_res_spin_unlock_irqrestore": _unlock_resilient_irq,
}
