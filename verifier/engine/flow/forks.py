"""Calls after which more than one state may follow: they run callbacks, or take locks or fail to.

Mirrors is_sync_callback_calling_function(), is_sync_callback_calling_kfunc() and what
check_kfunc_call() does for bpf_res_spin_lock() in kernel/bpf/verifier.c.
"""

from __future__ import annotations

from collections.abc import Mapping

# BPF_FUNC_* numbers (include/uapi/linux/bpf.h)
SPIN_LOCK, SPIN_UNLOCK = 93, 94
LOOP = 181
ON_MAPS = frozenset({SPIN_LOCK, SPIN_UNLOCK, 169, 170, 171, 172})  # locks and timers in maps
# Which register is the callback, and what its arguments are made of: a register, 0 (not known), or
# an element of the map in r1
ELEMENT = -1
SYNCHRONOUS: Mapping[int, tuple[int, tuple[int, ...]]] = {
    164: (2, (0, 0, ELEMENT, 3)),  # bpf_for_each_map_elem
    180: (3, (0, 0, 4)),  # bpf_find_vma
    LOOP: (2, (0, 3)),  # bpf_loop
    209: (2, (0, 3)),  # bpf_user_ringbuf_drain
}
TREE_ADD = "bpf_rbtree_add"
RESILIENT_LOCKS = ("bpf_res_spin_lock", "bpf_res_spin_lock_irqsave")


def forks_at_helper(number: int) -> bool:
    """Return whether more than one state may follow a helper: it runs a callback."""
    return number in SYNCHRONOUS


def forks_at_kfunc(name: str) -> bool:
    """Return whether more than one state may follow a kernel function."""
    return name in RESILIENT_LOCKS or name.startswith(TREE_ADD)
