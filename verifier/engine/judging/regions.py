"""What is held where a kfunc is called: some need RCU or a lock, few may be called under a lock.

Mirrors is_kfunc_rcu_protected(), kfunc_spin_allowed(), check_reg_allocation_locked(),
check_css_task_iter_allowlist() and what is said of bpf_throw in kernel/bpf/verifier.c.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from kfmap.permission.context import Context
from verifier.engine.flow.reach import LiveCall
from verifier.engine.flow.state import LOCK, NO_REGIONS, REGION_NAMES
from verifier.engine.judging.kernel import KernelUnderTest

_RCU_PROTECTED, _SPINLOCK_SAFE = "KF_RCU_PROTECTED", "KF_SPINLOCK_SAFE"
_CSS_TASK_ITERATOR = "bpf_iter_css_task_new"
_THROW = "bpf_throw"
# Came with looking, at an exception in whichever function, at what is held.
_EXIT_CHECK_KFUNC = "bpf_local_irq_save"
# The head of a list or the root of a tree: a lock beside it has to be held.
_LOCKED_ARGUMENT = re.compile(r"struct bpf_(list_head|rb_root) ?\*")

# What kernels without KF_SPINLOCK_SAFE let through; each of these lists came with its kfuncs.
_SAFE_PREFIXES = (
    "bpf_list_",
    "bpf_rbtree_",
    "bpf_refcount_acquire",
    "bpf_iter_num_",
    "bpf_res_spin_",
    "bpf_arena_",
    "bpf_stream_",
)


def region_problem(
    call: LiveCall, kfunc: str, flags: Collection[str], kernel: KernelUnderTest, context: Context
) -> str:
    """Say why the kernel objects to a call where it is made, "" if it does not surely do so."""
    if call.regions[LOCK] > 0 and not _is_spinlock_safe(kfunc, flags, kernel):
        return f"{kfunc} may not be called while a lock is held"
    known = kernel.decider.find_kfunc(kfunc)
    if call.regions[LOCK] == 0 and known and _LOCKED_ARGUMENT.search(known.prototype):
        return f"{kfunc} needs the lock beside its list or tree to be held"
    if kfunc == _THROW:
        return _throw_problem(call, kernel)
    awake = call.circumstances.sleepable is True and call.regions == NO_REGIONS
    if awake and _RCU_PROTECTED in flags:
        return f"{kfunc} needs RCU: a program that may sleep has to hold bpf_rcu_read_lock"
    if kfunc == _CSS_TASK_ITERATOR and call.circumstances.sleepable is False:
        iterates = context.attach_type == "BPF_TRACE_ITER"
        if not iterates and context.program_type != "BPF_PROG_TYPE_LSM":
            return f"{kfunc} is for LSM programs, iterators and programs that may sleep"
    return ""


def _throw_problem(call: LiveCall, kernel: KernelUnderTest) -> str:
    if call.circumstances.callback:
        return f"{_THROW} may not be called from a callback"
    if call.node.before is not None and kernel.decider.find_kfunc(_EXIT_CHECK_KFUNC) is None:
        return ""
    held = [name for name, depth in zip(REGION_NAMES, call.regions, strict=True) if depth > 0]
    return f"{_THROW} would leave a {held[0]} region" if held else ""


def _is_spinlock_safe(kfunc: str, flags: Collection[str], kernel: KernelUnderTest) -> bool:
    if any(flag.name == _SPINLOCK_SAFE for flag in kernel.facts.kfunc_flags):
        return _SPINLOCK_SAFE in flags
    return kfunc.startswith(_SAFE_PREFIXES)
