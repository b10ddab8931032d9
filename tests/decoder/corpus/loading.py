"""What loaders say before a program is verified, and when loading has failed."""

from __future__ import annotations

from kfmap.decoder.kinds import Kind
from tests.decoder.corpus.said import Said

_REUSE = (
    "struct_ops init_kern ops func ptr enable: invalid reuse of prog both in sec struct_ops/both"
    " with type 27: expected_attach_type 6 != kern_member_idx 18"
)

LOADING = (
    Said("kernel doesn't support global data", Kind.KERNEL_SUPPORT),
    Said(
        "libbpf: Error loading BTF: Invalid argument(-22)",
        Kind.VERIFIER,
        text="Error loading BTF: Invalid argument",
    ),
    Said("Kernel error message: toy_net: Too few free TX rings available", Kind.ATTACH_TARGET),
    Said("map 'toys': failed to pin: -17", Kind.MAP, facts={"map": "toys", "errno": "-17"}),
    Said(
        "Error in bpf_create_map_xattr(toys):Cannot allocate memory(-12)",
        Kind.MAP,
        facts={"map": "toys", "errno": "Cannot allocate memory"},
    ),
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

CONSEQUENCES = (
    Said("ERROR: Unknown BPF object load failure.", Kind.LOAD_FAILED),
    Said("bpf(BPF_PROG_LOAD, {prog_type=BPF_PROG_TYPE_LSM}, 144) = -1 EINVAL", Kind.LOAD_FAILED),
    Said("Failed to attach struct ops", Kind.LOAD_FAILED),
    Said("bpf_object__load() failed: -22", Kind.LOAD_FAILED),
    Said("No probes to attach", Kind.LOAD_FAILED),
    Said("BPF_PROG_LOAD failed: Os { code: 13, kind: PermissionDenied }", Kind.LOAD_FAILED),
    Said("Error fetching program/map!", Kind.LOAD_FAILED),
    Said("Error fetching ELF ancillary data!", Kind.LOAD_FAILED),
    Said("Unable to load program", Kind.LOAD_FAILED),
    Said("BTF debug data section '.BTF' rejected: Invalid argument (22)!", Kind.LOAD_FAILED),
    Said("`bpf_link_create` failed", Kind.LOAD_FAILED),
    Said("the program is not loaded", Kind.LOAD_FAILED),
    Said("prog 'probe': failed to prepare load attributes: -ESRCH", Kind.LOAD_FAILED),
    Said("[SCX_BUG] scx_toy.c:79 (Invalid argument)", Kind.LOAD_FAILED),
    Said("prog 'probe': BPF program load failed: Permission denied", Kind.LOAD_FAILED),
    Said("failed to load object 'toy'", Kind.LOAD_FAILED),
    Said("Error: failed to load object file", Kind.LOAD_FAILED),
    Said("ERROR: Error loading BPF program for kprobe_f_1.", Kind.LOAD_FAILED),
)
