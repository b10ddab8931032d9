"""How a sched_ext scheduler ends, or is not enabled: the watchdog, hotplug, SysRq, ops flags.

scx_exit_reason(), scx_exit() and what enabling checks (kernel/sched/ext.c, kernel/sched/ext/ext.c);
`disabled (…)` is the end of the kernel's line, as people quote it;
`EXIT:` is what UEI_REPORT() prints (tools/sched_ext/include/scx/user_exit_info.h).
"""

from __future__ import annotations

from kfmap.decoder.about import About
from kfmap.decoder.kinds import Kind
from kfmap.decoder.pattern import Pattern

_STALL = (
    "{task} failed to run for {seconds}s",
    "runnable task stall ({task} failed to run for {seconds}s)",
    "watchdog failed to check in for {seconds}s",
    "runnable task stall (watchdog failed to check in for {seconds}s)",
    "used too much rescue CPU time ({n}ms) while {task} waited {seconds}s to be rescued",
    "soft lockup - CPU#{n} stuck for {seconds}s",
    "RCU CPU stall detected!",
)
_SETUP = (
    "SCX_OPS_ENQ_LAST requires ops.enqueue() to be implemented",
    "SCX_OPS_TID_TO_TASK requires root scheduler to enable it",
    "SCX_OPS_BUILTIN_IDLE_PER_NODE requires CPU idle selection enabled",
    "sub-sched requires cid-form struct_ops",
    "sub_attach/sub_detach requires cid-form struct_ops",
    'sched_ext: Not compatible with "isolcpus=" domain isolation',
    "sched_ext: cid-form scheduler uses multiple arena maps",
    "sched_ext: cid-form scheduler must use a BPF arena map",
    "sched_ext: Failed to register {words}",
    "sched_ext: Failed to initialize idle tracking ({n})",
    "sched_ext: Failed to create /sys/kernel/sched_ext",
    "sched_ext: Failed to add global attributes",
    "sched_ext: Failed to allocate cpumasks",
    "scx_root_enable() failed ({n})",
    "scx_sub_enable() failed ({n})",
    "scx_ops_enable() failed ({n})",
    "scx_enable() failed ({n})",
    "max nesting depth {n} violated",
    "parent rejected ({n})",
    "parent bypassing ({n})",
    "failed to insert into scx_sched_hash ({n})",
    "cgroup is not online",
)
_HOTPLUG = (
    "cpu {n} going online, exiting scheduler",
    "cpu {n} going offline, exiting scheduler",
    "expected hotplug seq {n} did not match actual {n}",
)
_QUIET = (
    "unregistered from user space",
    "unregistered from BPF",
    "unregistered from the main kernel",
    "disabled by sysrq-S",
    "parent exiting",
    "killed by parent scheduler",
    "parent disabled ({n})",
    "cgroup {n} going offline",
)
# The reason alone: what it was about stands in another line, if anywhere.
_REASONS = (
    (Kind.SCX_STALL, "runnable task stall"),
    (Kind.SCX_STALL, "rescue bandwidth overload"),
    (Kind.SCX_CALL, "reenqueue limit"),
    (Kind.SCX_BPF_ERROR, "scx_bpf_error"),
    (Kind.SCX_ERROR, "runtime error"),
)
# Around a message that the kernel or the scheduler worded; the last is what the kernel's log has.
_WRAPPERS = (
    (Kind.SCX_STALL, "runnable task stall ({said}"),
    (Kind.SCX_STALL, "rescue bandwidth overload ({said}"),
    (Kind.SCX_BPF_ERROR, "scx_bpf_error ({said}"),
    (Kind.SCX_ERROR, "runtime error ({said}"),
    (Kind.SCX_CALL, "reenqueue limit ({said}"),
    (Kind.SCX_ERROR, "sched_ext: ops error detected without ops ({said}"),
    (Kind.SCX_ERROR, "sched_ext: {scheduler}: {said}"),
)
_KERNEL_FAULTS = (
    "sched_ext: Invalid task state transition {n} -> {n} for {task}",
    "sched_ext: Invalid task state {n} -> {n} for {task}",
    "sched_ext: Invalid task state {n} for {task} during enabling sub sched",
    "sched_ext: {task} has invalid ops state {n} in direct_dispatch()",
    "sched_ext: duplicate disabling instance?",
    "sched_ext: failed to attach ext_server on CPU {n} ({n})",
    "invalid nesting current->scx.kf_mask={n} mask={n}",
)
_HEADS = (
    'sched_ext: BPF scheduler "{scheduler}" disabled (%s)',
    'sched_ext: BPF sub-scheduler "{scheduler}" disabled (%s)',
)

SCX_EXIT = (
    *(Pattern(Kind.SCX_STALL, template) for template in _STALL),
    *(Pattern(Kind.SCX_SETUP, template) for template in _SETUP),
    *(Pattern(Kind.SCX_ERROR, template, About.FAULT) for template in _KERNEL_FAULTS),
    *(Pattern(Kind.SCX_HOTPLUG, template) for template in _HOTPLUG),
    *(Pattern(Kind.SCX_EXIT, head % reason) for head in _HEADS for reason in _QUIET[:6]),
    *(Pattern(Kind.SCX_EXIT, f"EXIT: {reason}") for reason in _QUIET[:6]),
    *(Pattern(Kind.SCX_EXIT, reason, general=True) for reason in _QUIET),
    *(Pattern(kind, head % reason, general=True) for head in _HEADS for kind, reason in _REASONS),
    *(Pattern(kind, f"EXIT: {reason}", general=True) for kind, reason in _REASONS),
    *(Pattern(kind, f"disabled ({reason})", general=True) for kind, reason in _REASONS),
    Pattern(Kind.SCX_EXIT, "Debug dump triggered by {words}", general=True),
    *(Pattern(kind, template, wrapper=True) for kind, template in _WRAPPERS),
)
