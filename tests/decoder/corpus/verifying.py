"""What the verifier says: of what kfmap judges, and of what it does not."""

from __future__ import annotations

from kfmap.decoder.kinds import Kind
from tests.decoder.corpus.said import Said

_EXIT_RCU = "BPF_EXIT instruction in main prog cannot be used inside bpf_rcu_read_lock-ed region"

VERIFYING = (
    Said("calling kernel function scx_bpf_dsq_insert is not allowed", Kind.NOT_ALLOWED)._replace(
        kfunc="scx_bpf_dsq_insert"
    ),
    Said(
        "program must be sleepable to call sleepable kfunc bpf_copy_from_user_str",
        Kind.NOT_SLEEPABLE,
        "bpf_copy_from_user_str",
    ),
    Said(
        "kernel func bpf_copy_from_user_str is sleepable within IRQ-disabled region",
        Kind.NOT_SLEEPABLE,
        "bpf_copy_from_user_str",
        {"region": "IRQ-disabled region"},
    ),
    Said(
        "attach to unsupported member running of struct sched_ext_ops",
        Kind.UNSUPPORTED_MEMBER,
        facts={"member": "running", "struct_ops": "sched_ext_ops"},
    ),
    Said("Syscall programs can only be sleepable", Kind.SLEEPABLE_PROGRAM),
    Said("Program of this type cannot be sleepable", Kind.SLEEPABLE_PROGRAM),
    Said("struct ops programs must have a GPL compatible license", Kind.LICENCE),
    Said("cannot call kernel function from non-GPL compatible program", Kind.LICENCE),
    Said("cannot call GPL-restricted function from non-GPL compatible program", Kind.LICENCE),
    Said("metadata kfuncs require device-bound program", Kind.DEVICE_BOUND),
    Said("destructive kfunc calls require CAP_SYS_BOOT capability", Kind.DESTRUCTIVE),
    Said("destructive kfunc calls require CAP_SYS_BOOT capabilities", Kind.DESTRUCTIVE),
    Said("bpf_peek is allowed only to CAP_PERFMON and CAP_SYS_ADMIN", Kind.PERFMON, "bpf_peek"),
    Said("arena's user address must be set via map_extra or mmap()", Kind.ARENA),
    Said("R2 arena pointer requires a program with an associated arena", Kind.ARENA),
    Said("tracing progs cannot use bpf_{list_head,rb_root} yet", Kind.MAP_USE),
    Said("tracing progs cannot use bpf_spin_lock yet", Kind.MAP_USE),
    Said("map 'slots' has to have BTF in order to use bpf_timer", Kind.MAP_USE)._replace(
        facts={"map": "slots"}
    ),
    Said(
        "program of this type cannot use helper bpf_probe_read_str#45",
        Kind.HELPER_NOT_ALLOWED,
        facts={"helper": "bpf_probe_read_str", "helper_id": "45"},
    ),
    Said("unknown func bpf_skb_output#111", Kind.HELPER_NOT_ALLOWED),
    Said("invalid func unknown#114", Kind.HELPER_NOT_ALLOWED),
    Said("helper call is not allowed in probe", Kind.HELPER_NOT_ALLOWED),
    Said("helper call might sleep in a non-sleepable prog", Kind.HELPER_SLEEPS),
    Said(
        "sleepable helper bpf_copy_from_user#148 in non-preemptible region",
        Kind.HELPER_SLEEPS,
        facts={"helper": "bpf_copy_from_user", "region": "non-preemptible region"},
    ),
    Said(
        "sleepable global function sleeper() called in rcu_read_lock region",
        Kind.GLOBAL_FUNCTION_SLEEPS,
        facts={"function": "sleeper", "region": "rcu_read_lock region"},
    ),
    Said(
        "global functions that may sleep are not allowed in non-sleepable context",
        Kind.GLOBAL_FUNCTION_SLEEPS,
    ),
    Said(
        "global function calls are not allowed with preemption disabled",
        Kind.GLOBAL_FUNCTION_SLEEPS,
    ),
    Said(_EXIT_RCU, Kind.REGION),
    Said(
        "bpf_throw cannot be used inside bpf_rcu_read_lock-ed region",
        Kind.REGION,
        "bpf_throw",
    ),
    Said("tail_call cannot be used inside bpf_preempt_disable-ed region", Kind.REGION),
    Said("unmatched rcu read unlock (kernel function bpf_rcu_read_unlock)", Kind.REGION)._replace(
        kfunc="bpf_rcu_read_unlock"
    ),
    Said("function calls are not allowed while holding a lock", Kind.LOCK),
    Said("bpf_spin_unlock of different lock", Kind.LOCK),
    Said(
        "expected an RCU CS when using bpf_iter_task_next",
        Kind.RCU_REQUIRED,
        "bpf_iter_task_next",
    ),
    Said("R1 must be a rcu pointer", Kind.ARGUMENT, facts={"argument": "R1"}),
    Said("R1 must be referenced or trusted", Kind.ARGUMENT, facts={"argument": "R1"}),
    Said("Possibly NULL pointer passed to trusted arg0", Kind.ARGUMENT),
    Said(
        "release kernel function bpf_task_release expects refcounted PTR_TO_BTF_ID",
        Kind.ARGUMENT,
        "bpf_task_release",
    ),
    Said(
        "bpf_throw kfunc (insn 13) cannot be called from callback subprog 1",
        Kind.CALLBACK,
        "bpf_throw",
    ),
    Said("cannot tail call within callback", Kind.CALLBACK),
)

NOT_JUDGED = (
    ("R1 invalid mem access 'scalar'", "pointer"),
    ("R0 !read_ok", "pointer"),
    ("invalid access to map value, value_size=8 off=8 size=4", "memory"),
    (
        "R2 min value is negative, either use unsigned or 'var &= const'",
        "memory",
    ),
    ("invalid access to packet, off=14 size=1, R2(id=0,off=14,r=0)", "packet"),
    ("invalid read from stack R2 off -16+0 size 8", "stack"),
    ("invalid bpf_context access off=76 size=4", "context_access"),
    ("Unreleased reference id=2 alloc_insn=7", "reference"),
    ("back-edge from insn 91 to 71", "control_flow"),
    ("last insn is not an exit or jmp", "control_flow"),
    ("BPF program is too large. Processed 1000001 insn", "complexity"),
    ("The sequence of 8193 jumps is too complex.", "complexity"),
    ("stack depth 544 exceeds interpreter stack depth limit", "complexity"),
    ("R2 invalid variable buffer offset: off=0, var_off=(0x0; 0xffffffff)", "memory"),
    ("invalid variable-offset write to stack R2 var_off=(0x0; 0x1f) off=-16 size=8", "stack"),
    ("invalid read from stack R2 var_off (0x0; 0x8)+0 size 8", "stack"),
    ("[5] ENUM color size=4 vlen=1 Invalid value", "btf"),
    ("[   33.142857] BPF:[1234] FUNC toy type_id=12 vlen != 0", "btf"),
    ("combined stack size of 3 calls is 544. Too large", "complexity"),
    (
        "math between map_value pointer and register with unbounded min value is not allowed",
        "arithmetic",
    ),
    ("At program exit the register R0 has value (0x2; 0x0)", "return_value"),
    ("unknown opcode 8d", "instruction"),
    ("Caller passes invalid args into func#1 ('g')", "function"),
    ("verifier internal error: more than one arg with ref_obj_id R2 4 5", "internal"),
)
