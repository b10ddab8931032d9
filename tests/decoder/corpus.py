"""Lines as kernels and loaders print them, one or more per kind of message.

Names in them are made up or public; the wording is that of Debian's kernels 6.1 to 7.3, and of
libbpf, cilium/ebpf, aya and bpftrace.
"""

from __future__ import annotations

from typing import NamedTuple

from kfmap.decoder.kinds import Kind


class Said(NamedTuple):
    """A line, and what is to be read from it: `text` is None where it is the whole line."""

    line: str
    kind: Kind
    kfunc: str | None = None
    facts: dict[str, str] = {}
    text: str | None = None


_EXIT_RCU = "BPF_EXIT instruction in main prog cannot be used inside bpf_rcu_read_lock-ed region"
_REUSE = (
    "struct_ops init_kern ops func ptr enable: invalid reuse of prog both in sec struct_ops/both"
    " with type 27: expected_attach_type 6 != kern_member_idx 18"
)
_CHAIN = "program probe: load program: permission denied: "

QUOTED_IN_PART = (
    Said("kfunc 'toy_move' wasn't resolved", Kind.MISSING, "toy_move"),
    Said("extern (func ksym) 'toy_move' not found", Kind.MISSING, "toy_move"),
    Said("extern (var ksym) 'toy_count' not found", Kind.MISSING, "toy_count"),
    Said("helper call might sleep", Kind.HELPER_SLEEPS),
    Said("bpf_struct_ops_toy_ops is not found", Kind.STRUCT_OPS_MISSING),
    Said("attach to unsupported member", Kind.UNSUPPORTED_MEMBER),
)

OTHER_TOOLS = (
    Said("cannot attach kprobe, Invalid argument", Kind.ATTACH_TARGET),
    Said("Error attaching probe: 'kprobe:toy_run'", Kind.ATTACH_TARGET),
    Said("invalid func 113", Kind.HELPER_NOT_ALLOWED, facts={"helper_id": "113"}),
    Said("bpf: Function not implemented", Kind.KERNEL_SUPPORT),
    Said(
        "create_probe_event: open(/sys/kernel/tracing/kprobe_events): No such file or directory",
        Kind.KERNEL_SUPPORT,
    ),
    Said(
        "program probe: apply CO-RE relocations: load BTF for kmod toy: read string section: string"
        " table is empty",
        Kind.KERNEL_BTF_MISSING,
        text="load BTF for kmod toy: read string section: string table is empty",
    ),
    Said(
        "IOError: [Errno 1] Operation not permitted: '/sys/kernel/debug/kprobes/blacklist'",
        Kind.PRIVILEGE,
        text="[Errno 1] Operation not permitted: '/sys/kernel/debug/kprobes/blacklist'",
    ),
    Said(
        "Couldn't attach XDP program on iface 'veth0': Device or resource busy(-16)",
        Kind.ATTACH_TARGET,
        text="Couldn't attach XDP program on iface 'veth0': Device or resource busy",
    ),
    Said("Cannot initialize ELF context!", Kind.OBJECT),
    Said(
        'toy_run is not traceable (either non-existing, inlined, or marked as "notrace");'
        " attaching to it will likely fail",
        Kind.ATTACH_TARGET_MISSING,
        facts={"target": "toy_run"},
    ),
    Said(
        "Failed to attach BPF program b'probe' to kprobe b'toy_run', it's not traceable"
        ' (either non-existing, inlined, or marked as "notrace")',
        Kind.ATTACH_TARGET_MISSING,
        facts={"target": "toy_run"},
    ),
    Said(
        "Failed to attach BPF program b'probe' to kprobe b'toy_run'",
        Kind.ATTACH_TARGET_MISSING,
        facts={"target": "toy_run"},
    ),
    Said(
        "creating perf_kprobe PMU: token __x64_sys_toy: not found: no such file or directory",
        Kind.ATTACH_TARGET_MISSING,
        facts={"target": "__x64_sys_toy"},
        text="token __x64_sys_toy: not found",
    ),
    Said(
        "symbol 'toy_run' not found",
        Kind.ATTACH_TARGET_MISSING,
        facts={"target": "toy_run"},
    ),
    Said("map events: map create: operation not permitted", Kind.PRIVILEGE),
    Said("cannot attach kprobe, probe entry may not exist", Kind.ATTACH_TARGET_MISSING),
    Said("Could not resolve symbol: /proc/self/exe:toy", Kind.ATTACH_TARGET_MISSING),
    Said(
        "tracepoint not found: sched:toy", Kind.ATTACH_TARGET_MISSING, None, {"target": "sched:toy"}
    ),
    Said("trace_kprobe: Could not probe notrace function toy_run", Kind.ATTACH_TARGET),
    Said("map create: invalid argument", Kind.MAP),
    Said('unsatisfied program reference "toy"', Kind.OBJECT),
    Said("Kernel lockdown is enabled and set to 'confidentiality'", Kind.PRIVILEGE),
    Said("BTF: failed to find BTF data", Kind.KERNEL_BTF_MISSING),
    Said("struct_ops requires kernel CONFIG_DEBUG_INFO_BTF=y", Kind.KERNEL_BTF_MISSING),
    Said("can't find bpf_map_info from btf_vmlinux", Kind.KERNEL_BTF_MISSING),
)

LOADING = (
    Said(
        "elf: legacy map definitions in 'maps' section are not supported by libbpf v1.0+",
        Kind.OBJECT,
    ),
    Said("extern (kcfg) 'CONFIG_X': value 'y' implies bool, tristate, or char type", Kind.OBJECT),
    Said("sec 'tc': program 'hidden' is static and not supported", Kind.OBJECT),
    Said(
        "permission error while running as root; try raising 'ulimit -l'? current value: 64",
        Kind.PRIVILEGE,
    ),
    Said(
        "loading/calling other bpf or kernel functions are allowed for CAP_BPF and CAP_SYS_ADMIN",
        Kind.PRIVILEGE,
    ),
    Said("JIT does not support calling kernel function", Kind.KERNEL_SUPPORT),
    Said("Private stack not supported by jit", Kind.KERNEL_SUPPORT),
    Said(
        "calling kernel function is not supported without CONFIG_DEBUG_INFO_BTF",
        Kind.KERNEL_SUPPORT,
    ),
    Said(
        "kernel BTF is missing at '/sys/kernel/btf/vmlinux', was CONFIG_DEBUG_INFO_BTF enabled?",
        Kind.KERNEL_BTF_MISSING,
    ),
    Said("failed to find valid kernel BTF", Kind.KERNEL_BTF_MISSING),
    Said("Error loading vmlinux BTF: -3", Kind.KERNEL_BTF_MISSING),
    Said(
        "struct_ops init_kern: struct sched_ext_ops is not found in kernel BTF",
        Kind.STRUCT_OPS_MISSING,
        facts={"struct_ops": "sched_ext_ops"},
    ),
    Said(
        "struct bpf_struct_ops_Qdisc_ops is not found in kernel BTF",
        Kind.STRUCT_OPS_MISSING,
        facts={"struct_ops": "Qdisc_ops"},
    ),
    Said(
        "struct_ops init_kern tiny: Cannot find member brand_new_hook in kernel BTF",
        Kind.MEMBER_MISSING,
        facts={"member": "brand_new_hook", "map": "tiny"},
    ),
    Said(_REUSE, Kind.MEMBER_MISMATCH, facts={"member": "enable", "function": "both"}),
    Said(
        "struct_ops init_kern ops: Unmatched member type flags 1 != 4(kernel)",
        Kind.MEMBER_MISMATCH,
        facts={"member": "flags"},
    ),
    Said(
        "extern (func ksym) 'scx_bpf_dsq_insert': not found in kernel or module BTFs",
        Kind.MISSING,
        "scx_bpf_dsq_insert",
    ),
    Said("extern (var ksym) 'bpf_prog_active': not found in kernel BTF", Kind.MISSING)._replace(
        kfunc="bpf_prog_active"
    ),
    Said("extern 'absent_fops_zz' (strong): not resolved", Kind.MISSING, "absent_fops_zz"),
    Said(
        "kfunc 'bpf_later' is referenced but wasn't resolved",
        Kind.MISSING,
        "bpf_later",
    ),
    Said('kfunc "bpf_later": not supported', Kind.MISSING, "bpf_later"),
    Said("cannot find address for kernel function bpf_later", Kind.MISSING, "bpf_later"),
    Said(
        "extern (func ksym) 'scx_bpf_kick_cpu': func_proto [368] incompatible with vmlinux [51379]",
        Kind.PROTOTYPE,
        "scx_bpf_kick_cpu",
    ),
    Said(
        "extern (func ksym) 'bpf_later': func_proto [6] incompatible with kernel [63471]",
        Kind.PROTOTYPE,
        "bpf_later",
    ),
    Said("cannot find function bpf_wq_set_callback_impl in BTF", Kind.NO_TWIN)._replace(
        kfunc="bpf_wq_set_callback"
    ),
    Said("invalid func unknown#195896080", Kind.CORE_RELOCATION),
    Said(
        "failed to resolve CO-RE relocation <byte_off> [14] struct task_struct.scx_new (0:3 @ 40)",
        Kind.CORE_RELOCATION,
    ),
    Said("invalid func unknown#2002000001", Kind.POISONED_CALL),
    Said("invalid func unknown#233685214", Kind.POISONED_CALL),
    Said(
        "missing BPF prog type, check ELF section name 'loadbalancer'",
        Kind.PROGRAM_TYPE,
    ),
    Said(
        'SEC("struct_ops") program isn\'t referenced anywhere, did you forget to use it?',
        Kind.PROGRAM_TYPE,
    ),
    Said(
        "failed to find kernel BTF type ID of 'vfs_opeen': -3",
        Kind.ATTACH_TARGET_MISSING,
        facts={"target": "vfs_opeen"},
    ),
    Said("nf_nat is not a module", Kind.ATTACH_TARGET_MISSING, facts={"target": "nf_nat"}),
    Said("attach_btf_id 1234 is not a function", Kind.ATTACH_TARGET_MISSING),
    Said(
        "bpf_lsm_task_free is not sleepable",
        Kind.ATTACH_TARGET,
        facts={"target": "bpf_lsm_task_free"},
    ),
    Said("vfs_open() is not modifiable", Kind.ATTACH_TARGET, facts={"target": "vfs_open"}),
    Said(
        "Attaching tracing programs to function 'migrate_disable' is rejected",
        Kind.ATTACH_TARGET,
        facts={"target": "migrate_disable"},
    ),
    Said("map 'events': failed to create: Operation not permitted(-1)", Kind.PRIVILEGE)._replace(
        text="map 'events': failed to create: Operation not permitted"
    ),
    Said("map 'toy_ops': failed to auto-attach: -16", Kind.ATTACH_TARGET),
    Said("failed to attach to cgroup: Invalid argument", Kind.ATTACH_TARGET),
    Said(
        "failed to create tracepoint 'syscalls/sys_enter_toy' perf event: No such file",
        Kind.ATTACH_TARGET_MISSING,
        facts={"target": "syscalls/sys_enter_toy"},
    ),
    Said(
        "struct_ops init_kern: struct bpf_struct_ops_toy_ops is not found in kernel BTF",
        Kind.STRUCT_OPS_MISSING,
        facts={"struct_ops": "toy_ops"},
    ),
    Said("map 'events': failed to create: Invalid argument(-22)", Kind.MAP)._replace(
        facts={"map": "events"}
    ),
)

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

CONSEQUENCES = (
    Said("Failed to attach struct ops", Kind.LOAD_FAILED),
    Said("bpf_object__load() failed: -22", Kind.LOAD_FAILED),
    Said("No probes to attach", Kind.LOAD_FAILED),
    Said("BPF_PROG_LOAD failed: Os { code: 13, kind: PermissionDenied }", Kind.LOAD_FAILED),
    Said("Error fetching program/map!", Kind.LOAD_FAILED),
    Said("prog 'probe': failed to prepare load attributes: -ESRCH", Kind.LOAD_FAILED),
    Said("[SCX_BUG] scx_toy.c:79 (Invalid argument)", Kind.LOAD_FAILED),
    Said("prog 'probe': BPF program load failed: Permission denied", Kind.LOAD_FAILED),
    Said("failed to load object 'toy'", Kind.LOAD_FAILED),
    Said("Error: failed to load object file", Kind.LOAD_FAILED),
    Said("ERROR: Error loading BPF program for kprobe_f_1.", Kind.LOAD_FAILED),
)

# Lines of logs that are no messages.
QUIET = (
    "0: R1=ctx() R10=fp0",
    "1: (85) call bpf_map_lookup_elem#1            ; R0_w=map_value_or_null(id=1,ks=4,vs=8)",
    "; return -EINVAL; /* cannot happen: invalid, not allowed */ @ toy.bpf.c:12",
    "from 3 to 7: R0=scalar() R10=fp0",
    "R0=map_value(ks=4,vs=8) R10=fp0",
    "mark_precise: frame0: last_idx 5 first_idx 0 subseq_idx -1",
    "mark_precise: frame0: falling back to forcing all scalars precise",
    "processed 12 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1",
    "verification time 12 usec",
    "stack depth 16+32",
    "Func#1 ('g') is safe for any args that match its prototype",
    "func 'running' arg0 has btf_id 115613 type STRUCT 'task_struct'",
    "libbpf: elf: skipping unrecognized data section(7) .eh_frame",
    "libbpf: extern 'bpf_later' (weak): not resolved, defaulting to zero",
    "libbpf: map 'events': created successfully, fd=4",
    "libbpf: prog 'probe': relo #0: no matching targets found",
    "CPU 0   : nr_run=1 flags=0x0 cpu_rel=0 ops_qseq=435 pnt_seq=440",
    "  do_error_trap+0x65/0x80",
    "[    1.234567] usb 1-1: device descriptor read/64, error -71",
    "Nov 26 13:57:22 box kernel: nvme0: controller is down; failed to reset",
    "",
)

EVERYTHING = (*LOADING, *QUOTED_IN_PART, *OTHER_TOOLS, *VERIFYING, *RUNNING, *CONSEQUENCES)
