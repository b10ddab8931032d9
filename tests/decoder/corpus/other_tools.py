"""What bpftrace, bcc and others say, and messages that somebody quotes in part."""

from __future__ import annotations

from kfmap.decoder.kinds import Kind
from tests.decoder.corpus.said import Said

OTHER_TOOLS = (
    Said("create tracing link: cannot attach: no such file or directory", Kind.ATTACH_TARGET),
    Said("could not open bpf map: toys, error: Cannot allocate memory", Kind.MAP),
    Said(
        "map.Create() failed: ebpf_create_map() failed: Operation not permitted",
        Kind.PRIVILEGE,
        text="ebpf_create_map() failed: Operation not permitted",
    ),
    Said("error parsing BPF object: error parsing ELF data", Kind.OBJECT),
    Said("Tail call map owned by prog type 3, but prog type is 6!", Kind.MAP_USE),
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
    Said("0 maps not supported in current map section!", Kind.OBJECT),
    Said("struct bpf_elf_map too small, not supported!", Kind.OBJECT),
    Said("Error fixing up map structure, incompatible struct bpf_elf_map used?", Kind.OBJECT),
    Said("Object has unknown BTF type: 17!", Kind.OBJECT),
    Said("Kernel lockdown is enabled and set to 'confidentiality'", Kind.PRIVILEGE),
    Said("BTF: failed to find BTF data", Kind.KERNEL_BTF_MISSING),
    Said("struct_ops requires kernel CONFIG_DEBUG_INFO_BTF=y", Kind.KERNEL_BTF_MISSING),
    Said("can't find bpf_map_info from btf_vmlinux", Kind.KERNEL_BTF_MISSING),
)

QUOTED_IN_PART = (
    Said("kfunc 'toy_move' wasn't resolved", Kind.MISSING, "toy_move"),
    Said("extern (func ksym) 'toy_move' not found", Kind.MISSING, "toy_move"),
    Said("extern (var ksym) 'toy_count' not found", Kind.MISSING, "toy_count"),
    Said("helper call might sleep", Kind.HELPER_SLEEPS),
    Said("bpf_struct_ops_toy_ops is not found", Kind.STRUCT_OPS_MISSING),
    Said("attach to unsupported member", Kind.UNSUPPORTED_MEMBER),
)
