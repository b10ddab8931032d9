"""What cilium/ebpf, aya, bpftool, tc, bpftrace, bcc and others say in their own words.

cilium/ebpf: prog.go, linker.go, internal/errors.go; aya: src/programs/mod.rs, src/bpf.rs; tc:
lib/bpf_legacy.c of iproute2; bpftrace: src/bpfprogram.cpp; bpftool: struct_ops.c; bcc:
src/python/bcc/__init__.py. `trace_kprobe:` is the kernel's own word on a probe that bpftrace or bcc
asks for.
"""

from __future__ import annotations

from kfmap.decoder.about import About
from kfmap.decoder.kinds import Kind
from kfmap.decoder.pattern import Pattern

OTHER_LOADERS = (
    Pattern(Kind.MISSING, 'kfunc "{kfunc}": not supported'),
    Pattern(Kind.MISSING, 'kfunc "{kfunc}": not found'),
    Pattern(Kind.MISSING, "kfunc '{kfunc}' not found"),
    Pattern(Kind.MISSING, "kfunc {kfunc} not found"),
    Pattern(Kind.MISSING, "ksym {kfunc}: not found"),
    Pattern(Kind.MISSING, 'ksym "{kfunc}": not found'),
    Pattern(Kind.MISSING, 'reference to missing symbol "{kfunc}"'),
    Pattern(Kind.PROTOTYPE, 'kfunc "{kfunc}" is incompatible'),
    Pattern(Kind.PROTOTYPE, 'kfunc "{kfunc}": incompatible types'),
    Pattern(Kind.POISONED_CALL, "unknown kfunc", general=True),
    Pattern(Kind.ATTACH_TARGET_MISSING, "target {target} not found"),
    Pattern(Kind.ATTACH_TARGET_MISSING, 'find target for {word} "{target}" in kernel'),
    Pattern(Kind.ATTACH_TARGET_MISSING, "attach {word}/{target}: target not found"),
    Pattern(
        Kind.ATTACH_TARGET_MISSING,
        '{target} is not traceable (either non-existing, inlined, or marked as "notrace")',
    ),
    Pattern(
        Kind.ATTACH_TARGET_MISSING,
        "Failed to attach BPF program b'{function}' to kprobe b'{target}', it's not traceable"
        ' (either non-existing, inlined, or marked as "notrace")',
    ),
    Pattern(
        Kind.ATTACH_TARGET_MISSING, "cannot attach kprobe, probe entry may not exist", general=True
    ),
    Pattern(
        Kind.ATTACH_TARGET_MISSING,
        "Failed to attach BPF program b'{function}' to kprobe b'{target}'",
        general=True,
    ),
    Pattern(Kind.ATTACH_TARGET_MISSING, "token {target}: not found"),
    Pattern(Kind.ATTACH_TARGET_MISSING, "symbol '{target}' not found"),
    Pattern(Kind.ATTACH_TARGET_MISSING, "type name {target}: not found", general=True),
    Pattern(Kind.ATTACH_TARGET_MISSING, "Could not resolve symbol: {word}", About.USER),
    Pattern(Kind.ATTACH_TARGET_MISSING, "tracepoint not found: {target}", About.TRACEPOINT),
    Pattern(Kind.ATTACH_TARGET, "trace_kprobe: Could not probe notrace function {target}"),
    Pattern(Kind.ATTACH_TARGET, "cannot attach kprobe, {errno}", general=True),
    Pattern(Kind.ATTACH_TARGET, "Error attaching probe: {name}", general=True),
    Pattern(Kind.ATTACH_TARGET, "Error attaching probe: '{quoted}'", general=True),
    Pattern(Kind.ATTACH_TARGET, "Couldn't attach XDP program on iface '{quoted}': {errno}"),
    Pattern(Kind.MAP, "map create: {errno}", general=True),
    Pattern(Kind.OBJECT, "Cannot initialize ELF context!"),
    Pattern(Kind.OBJECT, "Error parsing section {n}! Perhaps check with readelf -a?"),
    Pattern(Kind.OBJECT, "{n} maps not supported in current map section!"),
    Pattern(Kind.OBJECT, "Too many BPF maps in ELF section!"),
    Pattern(Kind.OBJECT, "Different struct bpf_elf_map in use!"),
    Pattern(Kind.OBJECT, "struct bpf_elf_map not supported, coming from future version?"),
    Pattern(Kind.OBJECT, "struct bpf_elf_map too small, not supported!"),
    Pattern(Kind.OBJECT, "Number BPF map symbols are not multiple of struct bpf_elf_map!"),
    Pattern(
        Kind.OBJECT,
        "Error fixing up map structure, incompatible struct bpf_elf_map used?",
        general=True,
    ),
    Pattern(Kind.OBJECT, "Object has malformed BTF {words}!"),
    Pattern(Kind.OBJECT, "Object has unknown BTF type: {n}!"),
    Pattern(Kind.OBJECT, 'unsatisfied program reference "{function}"'),
    Pattern(Kind.PRIVILEGE, "Kernel lockdown is enabled and set to '{word}'", About.LOCKDOWN),
    Pattern(
        Kind.PRIVILEGE,
        "operation not permitted (MEMLOCK may be too low, consider rlimit.RemoveMemlock)",
    ),
    Pattern(
        Kind.PRIVILEGE,
        "MEMLOCK may be too low, consider rlimit.RemoveMemlock",
    ),
    Pattern(Kind.PRIVILEGE, "map {map}: map create: operation not permitted"),
    Pattern(Kind.PRIVILEGE, "[Errno 1] Operation not permitted: '{quoted}'"),
    Pattern(Kind.KERNEL_SUPPORT, "bpf: Function not implemented", About.SYSCALL),
    Pattern(
        Kind.KERNEL_SUPPORT,
        "create_probe_event: open({word}): No such file or directory",
        About.PROBE_EVENTS,
    ),
    Pattern(
        Kind.PRIVILEGE, "bpftrace currently only supports running as the root user", About.ROOT
    ),
    Pattern(Kind.KERNEL_BTF_MISSING, "BTF: failed to find BTF data for vmlinux, errno {n}"),
    Pattern(Kind.KERNEL_BTF_MISSING, "BTF: failed to find BTF data", general=True),
    Pattern(Kind.KERNEL_BTF_MISSING, "struct_ops requires kernel CONFIG_DEBUG_INFO_BTF=y"),
    Pattern(Kind.KERNEL_BTF_MISSING, "can't find {function} from btf_vmlinux"),
    Pattern(Kind.KERNEL_BTF_MISSING, "kfunc/kretfunc not available for your kernel version"),
    Pattern(Kind.KERNEL_BTF_MISSING, "fentry/fexit not available for your kernel version"),
    Pattern(Kind.KERNEL_BTF_MISSING, "no BTF found for kernel version {word}"),
    Pattern(Kind.KERNEL_BTF_MISSING, "the BTF file could not be loaded"),
    Pattern(Kind.KERNEL_BTF_MISSING, "load BTF for kmod {word}: {detail}", About.MODULE),
    Pattern(Kind.CORE_RELOCATION, "error relocating `{quoted}`"),
    Pattern(Kind.CORE_RELOCATION, "error relocating section", general=True),
    Pattern(Kind.OBJECT, "error relocating function", general=True),
    Pattern(Kind.OBJECT, "`{function}` is not a valid BPF program"),
    Pattern(Kind.OBJECT, "function {function} not found while relocating `{quoted}`"),
    Pattern(Kind.OBJECT, "unknown symbol, index `{n}`"),
)
