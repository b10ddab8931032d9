"""What is held where a kfunc is called: some need RCU, few may be called under a spin lock.

Mirrors is_kfunc_rcu_protected(), kfunc_spin_allowed() and check_css_task_iter_allowlist() of
kernel/bpf/verifier.c.
"""

from __future__ import annotations

from collections.abc import Collection

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context import Context
from verifier.flow.reach import LiveCall
from verifier.flow.state import LOCK, NO_REGIONS

_RCU_PROTECTED, _SPINLOCK_SAFE = "KF_RCU_PROTECTED", "KF_SPINLOCK_SAFE"
_CSS_TASK_ITERATOR = "bpf_iter_css_task_new"

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
    call: LiveCall, kfunc: str, flags: Collection[str], facts: KernelFacts, context: Context
) -> str:
    """Say why the kernel objects to a call where it is made, "" if it does not surely do so."""
    if call.regions[LOCK] > 0 and not _is_spinlock_safe(kfunc, flags, facts):
        return f"{kfunc} may not be called while a lock is held"
    awake = call.circumstances.sleepable is True and call.regions == NO_REGIONS
    if awake and _RCU_PROTECTED in flags:
        return f"{kfunc} needs RCU: a program that may sleep has to hold bpf_rcu_read_lock"
    if kfunc == _CSS_TASK_ITERATOR and call.circumstances.sleepable is False:
        iterates = context.attach_type == "BPF_TRACE_ITER"
        if not iterates and context.program_type != "BPF_PROG_TYPE_LSM":
            return f"{kfunc} is for LSM programs, iterators and programs that may sleep"
    return ""


def _is_spinlock_safe(kfunc: str, flags: Collection[str], facts: KernelFacts) -> bool:
    if any(flag.name == _SPINLOCK_SAFE for flag in facts.kfunc_flags):
        return _SPINLOCK_SAFE in flags
    return kfunc.startswith(_SAFE_PREFIXES)
