"""Where a program may call: regions, locks, callbacks, global functions, exceptions.

kernel/bpf/verifier.c: check_resource_leak(), process_spin_lock(), check_func_call(),
check_kfunc_call(). The verifier's own names of regions differ between releases.
"""

from __future__ import annotations

from kfmap.decoder.about import About
from kfmap.decoder.kinds import Kind
from kfmap.decoder.pattern import Pattern

_USES = (
    "{words} cannot be used inside bpf_rcu_read_lock-ed region",
    "{words} cannot be used inside bpf_preempt_disable-ed region",
    "{words} cannot be used inside bpf_local_irq_save-ed region",
    "BPF_LD_[ABS|IND] cannot be used inside bpf_rcu_read_lock-ed region",
    "BPF_LD_[ABS|IND] cannot be used inside bpf_preempt_disable-ed region",
    "BPF_LD_[ABS|IND] cannot be used inside bpf_local_irq_save-ed region",
    "{words} cannot be used inside bpf_spin_lock-ed region",
    "BPF_LD_[ABS|IND] cannot be used inside bpf_spin_lock-ed region",
    "{words} is not allowed before leaving {region}",
)
_THROWN_IN = (
    "bpf_rcu_read_lock-ed",
    "bpf_preempt_disable-ed",
    "bpf_local_irq_save-ed",
    "bpf_spin_lock-ed",
)
_UNMATCHED = (
    "unmatched rcu read unlock (kernel function {kfunc})",
    "unmatched attempt to enable preemption (kernel function {kfunc})",
    "nested rcu read lock (kernel function {kfunc})",
    "bpf_rcu_read_unlock is missing",
    "{n} bpf_preempt_enable is missing",
    "{n} bpf_preempt_enable missing",
    "{n} bpf_preempt_enables are missing",
    "{n} bpf_preempt_enables missing",
    "{kfunc} has no matching enter on this path",
)
_IRQ = (
    "cannot restore irq state out of order, expected id={n} acquired at insn_idx={n}",
    "irq flag acquired by {words} kfuncs cannot be restored with {words} kfuncs",
    "expected an initialized irq flag as {argument}",
    "expected uninitialized irq flag as {argument}",
    "{argument} doesn't point to an irq flag on stack",
)
_UNDER_LOCK = (
    "function calls are not allowed while holding a lock",
    "global function calls are not allowed while holding a lock",
)
_LOCKS = (
    "Locking two bpf_spin_locks are not allowed",
    "Acquiring the same lock again, AA deadlock detected",
    "Failed to acquire lock state",
    "bpf_spin_unlock is missing",
    "bpf_spin_unlock without taking a lock",
    "bpf_spin_unlock of different lock",
    "bpf_spin_unlock cannot be out of order",
    "bpf_res_spin_unlock without taking a lock",
    "bpf_res_spin_unlock of different lock",
    "bpf_res_spin_unlock cannot be out of order",
    "bpf_spin_lock at off={n} must be held for {words}",
    "held lock and object are not in the same allocation",
    "can't spin_{lock,unlock} in rbtree cb",
    "can't res_spin_{lock,unlock} in rbtree cb",
)
_RCU = (
    "expected an RCU CS when using {kfunc}",
    "kernel func {kfunc} requires RCU critical section protection",
    "{kfunc} requires RCU read lock region",
    "Calling bpf_rcu_read_{lock,unlock} in unnecessary rbtree callback",
)
_GLOBALS = (
    "sleepable global function {function}() called in {region}",
    "sleepable global function {function}() is not allowed in {region}",
    "global functions that may sleep are not allowed in non-sleepable context",
    "global function calls are not allowed with preemption disabled",
)
_CALLBACKS = (
    "{kfunc} kfunc (insn {n}) cannot be called from callback subprog {n}",
    "insn {n} cannot call exception cb directly",
    "cannot tail call within callback",
    "cannot tail call within exception cb",
    "cannot use BPF_LD_[ABS|IND] within callback",
    "callback function not allowed for map",
    "callback function not static",
    "callback function cannot be the main program",
    "callbacks are not allowed in non-JITed programs",
    "kfunc {kfunc}#{n} failed callback verification",
    "exception cb cannot return void",
    "exception cb only supports single integer argument",
    "exception callback '{function}' could not be found in BTF",
    "exception callback '{function}' must have global linkage",
    "exception callback type id not found in func_info",
    "multiple exception callback tags for main subprog",
    "invalid exception callback insn_off in func_info: 0",
    "rbtree_remove not allowed in rbtree cb",
    "{kfunc} not allowed in rbtree cb",
)

PLACES = (
    *(Pattern(Kind.REGION, template) for template in _USES),
    *(
        Pattern(
            Kind.REGION,
            f"bpf_throw cannot be used inside {region} region",
            About.THROW,
            kfunc="bpf_throw",
        )
        for region in _THROWN_IN
    ),
    *(Pattern(Kind.REGION, template, About.UNMATCHED) for template in _UNMATCHED),
    *(Pattern(Kind.REGION, template, About.IRQ) for template in _IRQ),
    *(Pattern(Kind.LOCK, template, About.CALL) for template in _UNDER_LOCK),
    *(Pattern(Kind.LOCK, template, About.LOCK) for template in _LOCKS),
    *(Pattern(Kind.RCU_REQUIRED, template) for template in _RCU),
    *(Pattern(Kind.GLOBAL_FUNCTION_SLEEPS, template) for template in _GLOBALS),
    Pattern(Kind.GLOBAL_FUNCTION_SLEEPS, "a non-sleepable BPF program context", general=True),
    *(Pattern(Kind.CALLBACK, template) for template in _CALLBACKS),
    Pattern(
        Kind.VERIFIER,
        "css_task_iter is only allowed in bpf_lsm, bpf_iter and sleepable progs",
        About.CONTEXT,
    ),
)
