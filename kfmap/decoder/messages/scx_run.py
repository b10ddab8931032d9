"""sched_ext's run-time errors: what a scheduler did that the kernel ends it for.

kernel/sched/ext.c and ext_idle.c (6.12 to 7.1), kernel/sched/ext/*.c (from 7.2): every
scx_ops_error(), scx_kf_error() and scx_error().
"""

from __future__ import annotations

from kfmap.decoder.kinds import Kind
from kfmap.decoder.pattern import Pattern

_CPU = (
    "invalid CPU {n} from {place}",
    "invalid CPU {n} in SCX_DSQ_LOCAL_ON dispatch verdict",
    "invalid CPU {n}",
    "Invalid target CPU {n}",
    "Invalid cpuperf target {n} for CPU {n}",
    "invalid cid {n}",
    "cid {n} assigned to multiple cpus",
    "invalid node {n}",
    "unavailable node {n}",
    "SCX_DSQ_LOCAL[_ON] cannot move migration disabled {task} from CPU {n} to {n}",
    "SCX_DSQ_LOCAL[_ON] target CPU {n} not allowed for {task}",
    "SCX_DSQ_LOCAL[_ON] verdict target cpu {n} not allowed for {task}",
)
_DSQ = (
    "non-existent DSQ {n} for {task}",
    "non-existent DSQ {n}",
    "invalid DSQ ID {n}",
    "DSQ {n} not allowed for reenq",
    "attempting to dispatch to a destroyed dsq",
    "attempting to destroy in-use dsq {n} (nr={n})",
    "cannot use vtime ordering for built-in DSQs",
    "DSQ ID {n} already had FIFO-enqueued tasks",
    "DSQ ID {n} already had PRIQ-enqueued tasks",
    "peek disallowed on builtin DSQ {n}",
    "peek on non-existent DSQ {n}",
    "SCX_ENQ_IMMED on a non-local DSQ {n}",
    "SCX_ENQ_RESCUE on a non-local DSQ {n}",
)
_FLAGS = (
    "invalid enq_flags {n}",
    "invalid SCX_REENQ flags {n}",
    "PREEMPT/WAIT cannot be used with SCX_KICK_IDLE",
    "invalid caps {n}",
    "invalid cmask ({n})",
    "invalid out ({n})",
    "invalid denied_out ({n})",
    "SCX_OPS_BUILTIN_IDLE_PER_NODE enabled",
    "per-node idle tracking is enabled",
    "per-node idle tracking is disabled",
    "built-in idle tracking is disabled",
    "built-in idle tracking is disabled on this system",
)
_CALL = (
    "{task} already direct-dispatched",
    "scheduling for {task} but trying to direct-dispatch {task}",
    "dispatch buffer overflow",
    "dispatch buffer underflow",
    "dispatch recursion detected",
    "SCX_ENQ_REENQ on SCX_DSQ_LOCAL repeated {n} times",
    "{task} reenqueued {n} times without running",
    "called with NULL task",
    "{kfunc}() must be used",
    "{kfunc}() called from NMI",
    "{kfunc}() must only be called from ops.dump() and friends",
    "{kfunc}() on {task} but the task belongs to a different scheduler",
    "scx_bpf_dsq_move[_vtime]() on {task} but the task belongs to a different scheduler",
    "{kfunc}() called without SCX_OPS_TID_TO_TASK",
    "{kfunc}() called before caps storage is initialized",
    "accessing rq without holding rq lock",
    "invalid data={word} and data__sz={n}",
    "failed to read data fields ({n})",
    "format preparation failed ({n})",
    "{kfunc}: cpu_to_cid expected {n} entries, got {n}",
    "{kfunc}: invalid shard_start count {n}",
    "{kfunc}: allocation failed",
    "{kfunc}: failed to allocate tables",
    "{kfunc}: expected {n} bytes, got {n}",
    "{kfunc}: shard_start[0] must be 0, got {n}",
    "{kfunc}: shard_start not increasing at [{n}]",
    "{kfunc}: shard_start[{n}]={n} >= {n}",
    "{kfunc}: out alloc_words={n} < {n} for shard {n}",
    '("{quoted}", {word}, {n}) failed to format',
    "{kfunc}: shard[{n}] span {n} exceeds max {n}",
    "sub-cap kfuncs require a cid-form scheduler",
    "{kfunc}: sub-{n} is not a direct child",
    "trying to dispatch a distant sub-sched on cgroup {n}",
    "{word} recursion detected",
)
_CALLBACK = (
    "ops.{member}() failed ({n}) for {task}",
    "ops.{member}() failed ({n})",
    "ops.{member}() returned an invalid errno {n}",
    "ops.{member}() set task->scx.disallow for {task} during fork",
    "ops.{member}() set task->scx.disallow for {task} outside the enable path",
    "non-root ops.{member}() set task->scx.disallow for {task}",
)

SCX_RUN = (
    Pattern(
        Kind.RUN_TIME_MASK,
        "kfunc with mask 0x{mask} called from an operation only allowing 0x{allowing}",
    ),
    Pattern(Kind.NESTED, "{member} kfunc called from a nested operation"),
    Pattern(Kind.FOREIGN_TASK, "called on a task not being operated on"),
    Pattern(Kind.FOREIGN_TASK, "{member} kfunc called cross-task on {task}"),
    *(Pattern(Kind.SCX_CPU, template) for template in _CPU),
    *(Pattern(Kind.SCX_DSQ, template) for template in _DSQ),
    *(Pattern(Kind.SCX_FLAGS, template) for template in _FLAGS),
    *(Pattern(Kind.SCX_CALL, template) for template in _CALL),
    *(Pattern(Kind.SCX_CALLBACK, template) for template in _CALLBACK),
)
