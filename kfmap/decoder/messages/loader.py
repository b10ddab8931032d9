"""What libbpf says before anything reaches the verifier.

tools/lib/bpf/libbpf.c: object opening, extern resolution, kernel BTF, CO-RE, section names.
"""

from __future__ import annotations

from kfmap.decoder.about import About
from kfmap.decoder.kinds import Kind
from kfmap.decoder.pattern import Pattern

_MISSING = (
    "extern (func ksym) '{kfunc}': not found in kernel or module BTFs",
    "extern (func ksym) '{kfunc}': not found in kernel BTF",
    "extern (func ksym) '{kfunc}': not resolved",
    "extern (var ksym) '{kfunc}': not found in kernel BTF",
    "extern (var ksym) '{kfunc}': not found in kernel or module BTFs",
    "extern (func ksym) '{kfunc}' not found",
    "extern (var ksym) '{kfunc}' not found",
    "extern (ksym) '{kfunc}': not resolved",
    "extern '{kfunc}' (strong): not resolved",
    "extern '{kfunc}' (strong) is not resolved",
    "extern (ksym) '{kfunc}' (strong): not resolved",
    "extern (ksym) '{kfunc}': resolution is ambiguous: {n} or {n}",
    "ldimm64 failed to find the address for kernel symbol '{kfunc}'",
    "ldimm64 unable to resolve the size of type '{word}': {n}",
    "ldimm64 insn specifies invalid btf_id {n}",
    "pseudo btf_id {n} in ldimm64 isn't KIND_VAR or KIND_FUNC",
    "pseudo btf_id {n} in ldimm64 isn't KIND_VAR",
)
_PROTOTYPE = (
    "extern (func ksym) '{kfunc}': func_proto [{n}] incompatible with {word} [{n}]",
    "extern (var ksym) '{kfunc}': incompatible types, expected [{n}] {words}, but kernel has"
    " [{n}] {words}",
)
_KERNEL_BTF = (
    "kernel BTF is missing at '{quoted}', was CONFIG_DEBUG_INFO_BTF enabled?",
    "failed to find valid kernel BTF",
    "Error loading vmlinux BTF: {errno}",
    "failed to read kernel BTF from '{quoted}': {errno}",
    "vmlinux BTF is not found",
    "kernel is missing BTF, make sure CONFIG_DEBUG_INFO_BTF=y is specified in Kconfig",
    "btf_vmlinux is malformed",
    "BTF is required, but is missing or corrupted",
    "Error loading .BTF into kernel: {errno}. BTF is mandatory, can't proceed",
    "missing vmlinux BTF, cannot register {words}",
    "missing module BTF, cannot register {words}",
    "failed to validate module [{word}] BTF: {n}",
    "failed to register module [{word}] BTF in sysfs: {n}",
    "Kernel module BTF mismatch detected, BTF debug info may be unavailable for some modules",
    "failed to parse target BTF: {errno}",
)
_CORE = (
    "failed to resolve CO-RE relocation {detail}",
    "failed to perform CO-RE relocations: {errno}",
    "relo #{n}: relocation decision ambiguity: {detail}",
    "relo #{n}: field offset ambiguity: {n} != {n}",
    "relo #{n}: failed to relocate: {errno}",
    "relo #{n}: target candidate search failed for [{n}] {detail}",
    "relo #{n}: unexpected insn #{n} (LDX/ST/STX) value: {detail}",
    "relo #{n}: unexpected insn #{n} (ALU/ALU64) value: {detail}",
    "relo #{n}: unexpected insn #{n} (LDIMM64) value: {detail}",
    "relo #{n}: insn #{n} (LDX/ST/STX) accesses field incorrectly",
    "relo #{n}: parsing [{n}] {detail}",
    "relo #{n}: bad relo type {n}",
    "<invalid CO-RE relocation>",
    "bad CO-RE relocation",
)
_TYPE = (
    "missing BPF prog type, check ELF section name '{quoted}'",
    "invalid section name '{quoted}'",
    "unrecognized ELF section name '{quoted}'",
    "invalid format of section definition '{quoted}'",
    "section '{quoted}' missing ':function[+offset]' specification",
    "failed to initialize: {errno}",
)
_OBJECT = (
    "elf: failed to {detail}",
    "elf: could not read {detail}",
    "elf: couldn't find {detail}",
    "elf: '{quoted}' is not a 64-bit ELF object",
    "elf: '{quoted}' is not a proper ELF object",
    "elf: '{quoted}' has unknown byte order",
    "elf: {name} is not a valid eBPF object file",
    "elf: ambiguous match {detail}",
    "elf: multiple symbol tables in {name}",
    "elf: symbol strings section missing or invalid in {name}",
    "elf: legacy map definitions in 'maps' section are not supported by libbpf v1.0+",
    "elf: sec '{quoted}': declared ARENA map size ({n}) is too small to hold {detail}",
    "elf: sec '{quoted}': to use global __arena variables the ARENA map should be {detail}",
    "relocation against STT_SECTION in non-exec section is not supported!",
    "{name} is not a valid eBPF object file",
    "extern (kcfg) '{function}': {detail}",
    "extern '{function}': unrecognized extern kind",
    "externs without BTF info are not supported",
    "failed to find BTF for extern '{function}' [{n}] section: {n}",
    "failed to find BTF for extern '{function}': {n}",
    "failed to find BTF info for global/extern symbol '{function}'",
    "BTF info is missing for global symbol '{function}'",
    "extern function {function} is unsupported under {word} section",
    "unrecognized extern section '{quoted}'",
    "sec '{quoted}': program '{function}' is static and not supported",
    "sec '{quoted}': corrupted program '{function}', offset {n}, size {n}",
    "bad call relo against '{quoted}' at offset {n}",
    "bad call relo against '{quoted}' in section '{quoted}'",
    "bad map relo against '{quoted}' in section '{quoted}'",
    "bad data relo against section '{quoted}'",
    "invalid relo against '{quoted}' in special section {n}; forgot to initialize global var?",
    "extern relo failed to find extern for '{function}' ({n})",
    "no .text section found yet sub-program call exists",
    "failed to relocate calls: {errno}",
    "bad arena data relocation at insn {n}, no arena maps defined",
    "cannot find exception callback '{function}'",
    "exception callback {function} must be a global non-hidden function",
    "invalid license section in {name}",
    "invalid kver section in {name}",
    "object '{quoted}': load can't be attempted twice",
    "object '{quoted}': loading non-native endianness is unsupported",
    "BTF fd off {n} for kfunc {kfunc} exceeds INT16_MAX, cannot process relocation",
    "module BTF fd index {n} too big to fit in bpf_insn offset",
    "BTF loading error: {errno}",
    "Error loading ELF section {word}: {detail}",
    "failed to open file '{quoted}': {errno}",
    "error parsing BPF object: {detail}",
    "error parsing ELF data",
    "failed to load module [{word}]'s BTF object #{n}: {errno}",
)
_PRIVILEGE = (
    "permission error while running as root; try raising 'ulimit -l'? current value: {word}",
    "Failed to bump RLIMIT_MEMLOCK (err = {errno}), you might need to do it explicitly",
    "Couldn't load trivial BPF program. Make sure your kernel supports BPF"
    " (CONFIG_BPF_SYSCALL=y) and/or that RLIMIT_MEMLOCK is set to big enough value",
    "Couldn't create simple array map",
    "map '{map}': failed to create: Operation not permitted",
    "map '{map}': failed to create: -EPERM",
    "ebpf_create_map() failed: Operation not permitted",
    "signed program cannot bind any BTF",
    "signature verification failed: {n}",
)

# Whatever else libbpf complains of, by what it is about.
_OTHER = (
    (Kind.MAP, "libbpf: map '{map}': {detail}"),
    (Kind.MAP, "libbpf: map '{map}' {detail}"),
    (Kind.OBJECT, "libbpf: prog '{function}': {detail}"),
    (Kind.OBJECT, "libbpf: sec '{quoted}': {detail}"),
    (Kind.OBJECT, "libbpf: ELF {detail}"),
    (Kind.ATTACH_TARGET, "libbpf: usdt: {detail}"),
    (Kind.ATTACH_TARGET, "libbpf: elf: ambiguous match for {detail}"),
    (Kind.ATTACH_TARGET, "libbpf: kprobe {detail}"),
    (Kind.ATTACH_TARGET, "libbpf: legacy kprobe {detail}"),
    (Kind.ATTACH_TARGET, "libbpf: legacy uprobe {detail}"),
    (Kind.ATTACH_TARGET, "libbpf: failed to add legacy {detail}"),
    (Kind.ATTACH_TARGET, "libbpf: failed to determine {detail}"),
    (Kind.ATTACH_TARGET, "libbpf: tracing multi pattern is invalid: {detail}"),
    (Kind.MEMBER_MISMATCH, "libbpf: struct_ops init: {detail}"),
    (Kind.MEMBER_MISMATCH, "libbpf: struct_ops reloc: {detail}"),
    (Kind.MEMBER_MISMATCH, "libbpf: struct_ops reloc {map}: {detail}"),
    *(
        (Kind.OBJECT, f"libbpf: {beginning} {{detail}}")
        for beginning in (
            *("BTF", ".BTF", ".BTF.ext", ".maps", "DATASEC", "btf:", "base BTF", "type", "global"),
            *(
                "BTF.ext",
                "CPU mask",
                "Error in",
                "Error loading",
                "Error finalizing",
                "Error freezing",
                "Error setting",
                "error in",
            ),
            *("error parsing", "error while", "error:", "failed to get", "failed to find"),
            *("failed to init", "failed to open", "failed to parse", "failed to populate"),
            *("failed to write", "failed to read", "failed to create", "failed to mmap"),
            *("failed to alloc", "failed to allocate", "failed to append", "failed to pin"),
            *(
                "Invalid CPU",
                "Invalid message",
                "Failed to get",
                "Failed to open",
                "Failed to parse",
                "Failed to read",
            ),
            *("unexpected", "unknown", "unrecognized", "unsupported", "mismatch in", "ringbuf:"),
            *("perf_buffer:", "zip:", "Detection of", "Netlink"),
            *("byte order mismatch", "incompatible", "multiple SYMTAB sections", "sec"),
        )
    ),
)

LOADER = (
    *(Pattern(Kind.MISSING, template) for template in _MISSING),
    *(Pattern(Kind.PROTOTYPE, template) for template in _PROTOTYPE),
    *(Pattern(Kind.KERNEL_BTF_MISSING, template) for template in _KERNEL_BTF),
    *(Pattern(Kind.CORE_RELOCATION, template) for template in _CORE),
    *(Pattern(Kind.PROGRAM_TYPE, template) for template in _TYPE),
    Pattern(Kind.KERNEL_SUPPORT, "kernel doesn't support global data", About.GLOBAL_DATA),
    Pattern(Kind.VERIFIER, "Error loading BTF: {errno}", About.BTF),
    *(Pattern(Kind.OBJECT, template) for template in _OBJECT),
    *(Pattern(Kind.PRIVILEGE, template) for template in _PRIVILEGE),
    *(
        Pattern(kind, template, About.LIBBPF, wrapper=True, complaints=True)
        for kind, template in _OTHER
    ),
)
