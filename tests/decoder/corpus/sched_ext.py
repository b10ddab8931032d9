"""What sched_ext says as a scheduler begins, runs and ends."""

from __future__ import annotations

from kfmap.decoder.kinds import Kind
from tests.decoder.corpus.said import Said

RUNNING = (
    Said("disabled (runtime error)", Kind.SCX_ERROR),
    Said("disabled (scx_bpf_error)", Kind.SCX_BPF_ERROR),
    Said("disabled (runnable task stall)", Kind.SCX_STALL),
    Said(
        "kfunc with mask 0x6 called from an operation only allowing 0x10",
        Kind.RUN_TIME_MASK,
        facts={"mask": "6", "allowing": "10"},
    ),
    Said("dispatch kfunc called from a nested operation", Kind.NESTED),
    Said("called on a task not being operated on", Kind.FOREIGN_TASK),
    Said("select_cpu kfunc called cross-task on cat[12]", Kind.FOREIGN_TASK),
    Said(
        "kworker/u8:4[173] failed to run for 30.123s",
        Kind.SCX_STALL,
        facts={"task": "kworker/u8:4[173]", "seconds": "30.123"},
    ),
    Said("watchdog failed to check in for 30.001s", Kind.SCX_STALL),
    Said("invalid CPU 99 from ops.select_cpu()", Kind.SCX_CPU),
    Said("SCX_DSQ_LOCAL[_ON] target CPU 3 not allowed for cat[12]", Kind.SCX_CPU),
    Said("non-existent DSQ 0x7 for cat[12]", Kind.SCX_DSQ),
    Said("invalid DSQ ID 0x8000000000000009", Kind.SCX_DSQ),
    Said("invalid enq_flags 0x8000", Kind.SCX_FLAGS),
    Said("PREEMPT/WAIT cannot be used with SCX_KICK_IDLE", Kind.SCX_FLAGS),
    Said("cat[12] already direct-dispatched", Kind.SCX_CALL),
    Said("dispatch buffer overflow", Kind.SCX_CALL),
    Said("SCX_OPS_ENQ_LAST requires ops.enqueue() to be implemented", Kind.SCX_SETUP),
    Said('sched_ext: Not compatible with "isolcpus=" domain isolation', Kind.SCX_SETUP),
    Said("ops.init_task() failed (-12) for cat[12]", Kind.SCX_CALLBACK),
    Said("cpu 3 going offline, exiting scheduler", Kind.SCX_HOTPLUG),
    Said("expected hotplug seq 4 did not match actual 6", Kind.SCX_HOTPLUG),
    Said("sched_ext: Invalid task state transition 1 -> 0 for cat[12]", Kind.SCX_ERROR),
    Said("EXIT: unregistered from user space", Kind.SCX_EXIT),
    Said('sched_ext: BPF scheduler "toy" disabled (disabled by sysrq-S)', Kind.SCX_EXIT),
    Said('sched_ext: BPF scheduler "toy" disabled (runtime error)', Kind.SCX_ERROR),
    Said(
        "EXIT: scx_bpf_error (no context (pid 7))",
        Kind.SCX_BPF_ERROR,
        facts={"said": "no context (pid 7)"},
        text="scx_bpf_error (no context (pid 7))",
    ),
    Said(
        "EXIT: runtime error (something of a later kernel) on CPU 3",
        Kind.SCX_ERROR,
        facts={"said": "something of a later kernel"},
        text="runtime error (something of a later kernel)",
    ),
)
