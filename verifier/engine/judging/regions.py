"""What is held where a function is called: what may not be then, what has to be, how it ends.

Mirrors check_kfunc_call(), kfunc_spin_allowed(), process_spin_lock(), process_irq_flag(),
process_iter_arg(), in_rbtree_lock_required_cb(), check_reg_allocation_locked(),
check_css_task_iter_allowlist() and check_resource_leak() of kernel/bpf/verifier.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kfmap.permission.context import Context
from kfmap.permission.layers import CSS_TASK_ALLOWLIST, CSS_TASK_ITERATOR
from kfmap.quick_dataclass import dataclass, replace
from verifier.engine.flow.reach import (
    Circumstances,
    InTree,
    LiveCall,
    LiveHelper,
    LiveLeak,
)
from verifier.engine.flow.regions import (
    APART,
    BY_LOAD,
    DIFFERENT,
    DIFFERENT_TURN,
    ENDED,
    ENDED_BARE,
    FAMILY,
    LOCK,
    MIXED,
    NO_ID,
    OUT_OF_ORDER,
    RESILIENT,
    SAME,
    SAME_TURN,
    UNMATCHED,
    Lock,
    Regions,
)
from verifier.engine.judging.interview import Interview

_RCU_PROTECTED = "KF_RCU_PROTECTED"
THROW = "bpf_throw"
_LOCK_RCU, _UNLOCK_RCU = "bpf_rcu_read_lock", "bpf_rcu_read_unlock"
_ITERATOR_NEW = re.compile(r"bpf_iter_\w+_new")
_ITERATOR_USED = re.compile(r"bpf_iter_\w+_(next|destroy)")  # as process_iter_arg() asks it
_OF_NODES = ("bpf_rbtree_remove", "bpf_rbtree_left", "bpf_rbtree_right")
_RESILIENT = re.compile(r"bpf_res_spin_(un)?lock\w*")
SPIN_LOCK, SPIN_UNLOCK, TAIL_CALL = 93, 94, 12

_KNOWS_FIELDS = "btf_parse_fields"
_NO_ID = (
    "{name} is given a lock in an element that a callback gets, and this kernel knows none there"
)
_BY_LOAD = (
    "it is not known whether {name} is given the lock that is held: this kernel takes a lock in a "
    "section of data for another one where its address is loaded again"
)
_FAULTS = {
    UNMATCHED: "{name} ends a region that is not open on this path",
    OUT_OF_ORDER: "{name} has to end the region that was begun last, and ends an earlier one",
    DIFFERENT: "{name} is given a lock other than the one that is held",
    FAMILY: "{name} is given a flag that was saved by the other kind of call (bpf_local_irq_save or"
    " bpf_res_spin_lock_irqsave)",
    SAME: "{name} is given a lock that is already held",
    APART: "{name} needs the lock beside its list or tree, and another one is held",
    MIXED: "{name} may be given a map other than the one that holds what it sets up",
}
_FAULTS |= {
    DIFFERENT_TURN: _FAULTS[DIFFERENT],
    SAME_TURN: _FAULTS[SAME],
    NO_ID: _NO_ID,
    BY_LOAD: _BY_LOAD,
}
_OUTSIDE = "call it before or after"
_BESIDE = "take that lock before the call, and release it after"
_PAIR = "on every path, end each region that was begun, and no other"
_ADVICE = {APART: _BESIDE, MIXED: "give it the map in which the element was looked up"}


@dataclass(frozen=True, slots=True)
class Held:
    """What the kernel would say about regions, "" if nothing, and what to do then. `certain` is
    False where it depends on what is not known."""

    text: str
    certain: bool = True
    advice: str = ""


_FINE = Held("")


def kfunc_problem(
    call: LiveCall, kfunc: str, kernel: Interview, context: Context, number: int
) -> Held:
    """Return why the kernel objects to a call of a kernel function where it is made.

    `number`: that of the context.
    """
    checks = _KfuncChecks(call.circumstances, call.fault, kfunc, kernel, context, number)
    return _weigh([_first(checks.run(regions)) for regions in variants(call.regions)])


def helper_problem(helper: LiveHelper, name: str, kernel: Interview) -> Held:
    """Return why the kernel objects to a call of a helper within regions."""
    found = []
    for regions in variants(helper.regions):
        found.append(_first(_helper_texts(helper, name, regions, kernel)))
    return _weigh(found)


def leak_problem(leak: LiveLeak, is_exit: bool, kernel: Interview) -> Held:
    """Return why a program may not end, or load from a packet, within regions."""
    if is_exit and leak.circumstances.nested and kernel.holds("exits_of_main_only") is not False:
        return _FINE
    what = "the function ends" if is_exit and leak.circumstances.nested else "the program ends"
    if not is_exit:
        what = "a load from the packet, which may end the program, is"
    advice = "end it on every path to the exit" if is_exit else "end it before the load"
    names = [regions.held() for regions in variants(leak.regions)]
    return _weigh(
        [Held(f"{what} within {name}", True, advice) if name else _FINE for name in names]
    )


def variants(regions: Regions) -> list[Regions]:
    """Return the regions; where they are not known, with all that may be closed, then open."""
    if regions.is_sure():
        return [regions]
    rcu, preempt, irqs, locks, _ = regions
    closed = regions._replace(
        rcu=max(rcu, 0), preempt=max(preempt, 0), irqs=irqs or (), locks=locks or ()
    )
    lock = (Lock(RESILIENT, None),) if locks is None else locks
    return [closed, closed._replace(rcu=abs(rcu), preempt=abs(preempt), locks=lock)]


def is_in_tree_callback(how: Circumstances, kernel: Interview) -> bool | None:
    """Return whether the rules of a callback that orders an rbtree bind here."""
    if how.in_tree == InTree.BELOW:
        return kernel.holds("tree_callback_reaches")
    return how.in_tree == InTree.CALLBACK


def _first(found: Iterator[Held]) -> Held:
    return next(found, _FINE)


def _weigh(found: list[Held]) -> Held:
    """Return what is said of all variants; of some only, it is not certain."""
    told = [held for held in found if held.text]
    if not told:
        return _FINE
    return replace(told[0], certain=told[0].certain and len(told) == len(found))


def _asked(text: str, holds: bool | None, advice: str) -> Iterator[Held]:
    """Return an objection that holds, one in doubt where that is not known, else nothing."""
    if holds is not False:
        yield Held(text, holds is True, advice)


def _fault(fault: str, name: str, kernel: Interview) -> Iterator[Held]:
    """Return what is wrong with ending a region, or with a lock or map, on this kernel."""
    holds: bool | None = True
    if fault in (DIFFERENT_TURN, SAME_TURN):
        told_apart = kernel.holds("callback_elements_have_ids")
        holds = None if told_apart is None else told_apart == (fault == DIFFERENT_TURN)
    if fault == BY_LOAD:
        holds = None if kernel.has_function(_KNOWS_FIELDS) is False else False
    if fault == NO_ID:
        # process_spin_lock() of 6.1.192 knows a lock by the id of its map value, 0 for none; that
        # of 6.12.107 keeps a pointer, as all kernels read do that have btf_parse_fields().
        holds = kernel.has_function(_KNOWS_FIELDS) is False
    advice = _ADVICE.get(fault, _PAIR)
    yield from _asked(_FAULTS[fault].format(name=name), holds, advice)


@dataclass(frozen=True, slots=True)
class _KfuncChecks:
    """The checks of one call of a kernel function, in the order of the kernel's."""

    how: Circumstances
    fault: str
    kfunc: str
    kernel: Interview
    context: Context
    number: int

    def run(self, regions: Regions) -> Iterator[Held]:
        if regions.locks:
            allowed = self.kernel.kfunc_under_lock(self.number, self.kfunc)
            refused = None if allowed is None else not allowed
            text = f"{self.kfunc} may not be called while a lock is held"
            yield from _asked(text, refused, _OUTSIDE)
        yield from self._tree_callback(regions)
        yield from self._arguments(regions)
        if self.fault in _FAULTS:
            yield from _fault(self.fault, self.kfunc, self.kernel)
        if self.kfunc == _LOCK_RCU and regions.rcu > 0:
            nests = self.kernel.holds("rcu_nests")
            text = f"{_LOCK_RCU} does not nest on this kernel, and a section is open here"
            yield from _asked(text, None if nests is None else not nests, "take it once")
        yield from self._rcu(regions)
        if self.kfunc == THROW:
            yield from self._throw(regions)

    def _tree_callback(self, regions: Regions) -> Iterator[Held]:
        if not self.how.in_tree:
            return
        bound = is_in_tree_callback(self.how, self.kernel)
        where = "in the callback that orders an rbtree"
        if _RESILIENT.fullmatch(self.kfunc):
            # "can't res_spin_{lock,unlock} in rbtree cb" of check_kfunc_args(): of the releases
            # read, 7.2.12 is the first with it, as with asking the callers of a callback.
            bound = self.kernel.holds("tree_callback_reaches")
        if self.kfunc in _OF_NODES or _RESILIENT.fullmatch(self.kfunc):
            yield from _asked(f"{self.kfunc} may not be called {where}", bound, _OUTSIDE)
        if self.kfunc in (_LOCK_RCU, _UNLOCK_RCU):
            nests = self.kernel.holds("rcu_nests")  # both came with counting sections
            if nests is not False or regions.rcu > 0:
                yield from _asked(f"{self.kfunc} may not be called {where}", bound, _OUTSIDE)

    def _arguments(self, regions: Regions) -> Iterator[Held]:
        if not regions.locks and self.kernel.takes_guarded(self.kfunc):
            text = f"{self.kfunc} needs the lock beside its list or tree to be held"
            yield Held(text, True, _BESIDE)
        if self.kfunc == CSS_TASK_ITERATOR and self.how.sleepable is False:
            iterates = self.context.attach_type == "BPF_TRACE_ITER"
            if not iterates and self.context.program_type != "BPF_PROG_TYPE_LSM":
                yield Held(CSS_TASK_ALLOWLIST)

    def _rcu(self, regions: Regions) -> Iterator[Held]:
        """What KF_RCU_PROTECTED asks for, and what an iterator that asked for it lost."""
        if self.fault in (ENDED, ENDED_BARE) and _ITERATOR_USED.fullmatch(self.kfunc):
            yield from self._ended_iterator()
        if self.how.sleepable is not True:
            return
        if not self.kernel.has_flag(self.number, self.kfunc, _RCU_PROTECTED):
            return
        in_rcu = regions.rcu > 0 or bool(regions.locks)
        if not in_rcu and (regions.preempt > 0 or regions.irqs):
            in_rcu = self.kernel.holds("rcu_by_any_region") is not False
        if in_rcu:
            return
        text = f"{self.kfunc} needs RCU: a program that may sleep has to hold {_LOCK_RCU}"
        # Before every kfunc was asked, iterators were, by the next item.
        is_iterator = _ITERATOR_NEW.fullmatch(self.kfunc) is not None
        holds = True if is_iterator else self.kernel.holds("rcu_required")
        yield from _asked(text, holds, f"call it between {_LOCK_RCU} and {_UNLOCK_RCU}")

    def _ended_iterator(self) -> Iterator[Held]:
        new = self.kfunc.rpartition("_")[0] + "_new"
        if not self.kernel.is_rcu_protected(new):
            return
        text = f"{self.kfunc} needs the RCU section in which its iterator was made: it has ended"
        asks_all = self.kernel.holds("rcu_end_asks_all")
        spared = self.fault == ENDED or self.how.sleepable is False
        holds = True if not spared else None if asks_all is None else not asks_all
        yield from _asked(text, holds, "keep the section open until the iterator is destroyed")

    def _throw(self, regions: Regions) -> Iterator[Held]:
        held = regions.held()
        if held:
            holds = self.kernel.holds("throw_checks_callers") if self.how.nested else True
            yield from _asked(f"{THROW} would leave {held}", holds, "end it before")


def _helper_texts(
    helper: LiveHelper, name: str, regions: Regions, kernel: Interview
) -> Iterator[Held]:
    number = helper.number
    if regions.depths()[LOCK] > 0:
        allowed = kernel.helper_under_lock(number)
        refused = None if allowed is None else not allowed
        yield from _asked(f"{name} may not be called while a lock is held", refused, _OUTSIDE)
    if number in (SPIN_LOCK, SPIN_UNLOCK) and helper.circumstances.in_tree:
        text = f"{name} may not be called in the callback that orders an rbtree"
        yield from _asked(text, is_in_tree_callback(helper.circumstances, kernel), _OUTSIDE)
    if helper.fault in _FAULTS:
        yield from _fault(helper.fault, name, kernel)
    if number == TAIL_CALL and regions.held():
        text = f"{name} may not be called within {regions.held()}"
        yield Held(text, True, "end it before the tail call")
