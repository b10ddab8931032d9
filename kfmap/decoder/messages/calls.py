"""Whether a program may call a kfunc at all: permission, capabilities, licence, the call itself.

kernel/bpf/verifier.c: add_kfunc_call(), check_kfunc_call(); kernel/bpf/offload.c for device-bound
programs.
"""

from __future__ import annotations

from kfmap.decoder.kinds import Kind
from kfmap.decoder.pattern import Pattern

CALLS = (
    Pattern(Kind.NOT_ALLOWED, "calling kernel function {kfunc} is not allowed"),
    Pattern(
        Kind.NOT_ALLOWED,
        "The kfunc {kfunc} is not allowed: this program cannot call the kfunc",
        general=True,
    ),
    Pattern(Kind.NOT_SLEEPABLE, "program must be sleepable to call sleepable kfunc {kfunc}"),
    Pattern(Kind.NOT_SLEEPABLE, "kernel func {kfunc} is sleepable within {region}"),
    Pattern(Kind.NOT_SLEEPABLE, "sleepable kfunc {kfunc} is not allowed in {region}", general=True),
    Pattern(Kind.DEVICE_BOUND, "metadata kfuncs require device-bound program"),
    Pattern(Kind.DEVICE_BOUND, "metadata kfuncs can't be offloaded", "offloaded"),
    Pattern(Kind.DEVICE_BOUND, "Target program bound device mismatch", "mismatch"),
    Pattern(Kind.DESTRUCTIVE, "destructive kfunc calls require CAP_SYS_BOOT capability"),
    Pattern(Kind.DESTRUCTIVE, "destructive kfunc calls require CAP_SYS_BOOT capabilities"),
    Pattern(Kind.PERFMON, "{kfunc} is allowed only to CAP_PERFMON and CAP_SYS_ADMIN"),
    Pattern(Kind.LICENCE, "cannot call kernel function from non-GPL compatible program", "kfunc"),
    Pattern(Kind.NO_TWIN, "cannot find function {kfunc}_impl in BTF"),
    Pattern(Kind.MISSING, "cannot find function {kfunc} in BTF", "extern"),
    Pattern(Kind.NO_TWIN, "kfunc {kfunc} has inconsistent KF_IMPLICIT_ARGS"),
    Pattern(Kind.MISSING, "cannot find address for kernel function {kfunc}", "address"),
    Pattern(Kind.MISSING, "invalid kernel function btf_id {n}", "btf_id"),
    Pattern(Kind.MISSING, "kernel btf_id {n} is not a function", "btf_id"),
    Pattern(Kind.MISSING, "kernel function btf_id {n} does not have a valid func_proto", "btf_id"),
    Pattern(Kind.MISSING, "failed to find BTF for kernel function", "btf_id"),
    Pattern(Kind.MISSING, "invalid kernel function call not eliminated in verifier pass", "live"),
    Pattern(Kind.MISSING, "kfunc '{kfunc}' is referenced but wasn't resolved", "live"),
    Pattern(Kind.MISSING, "kfunc '{kfunc}' wasn't resolved", "live"),
    Pattern(Kind.MISSING, "address of kernel func_id {n} is out of range", "range"),
    Pattern(Kind.MISSING, "address of kernel function {kfunc} is out of range", "range"),
    Pattern(Kind.MISSING, "negative offset disallowed for kernel module function call", "module"),
    Pattern(Kind.MISSING, "kfunc offset > 0 without fd_array is invalid", "module"),
    Pattern(Kind.MISSING, "invalid module BTF fd specified", "module"),
    Pattern(Kind.MISSING, "BTF fd for kfunc is not a module BTF", "module"),
    Pattern(Kind.MISSING, "kfunc fd_idx {n} is not a module BTF", "module"),
    Pattern(Kind.MISSING, "kfunc fd_idx {n} out of bounds, fd_array_cnt {n}", "module"),
    Pattern(Kind.MISSING, "invalid module BTF object FD specified", "module"),
    # libbpf puts 2,001,000,000 + map or 2,002,000,000 + extern where it had to poison a call.
    Pattern(Kind.POISONED_CALL, "invalid func unknown#2002{n}"),
    Pattern(Kind.POISONED_CALL, "invalid func unknown#2001{n}", "map"),
    Pattern(Kind.POISONED_CALL, "BPF map '{map}' is referenced but wasn't created", "map"),
    Pattern(Kind.CORE_RELOCATION, "invalid func unknown#195896080", "poisoned"),
    Pattern(Kind.CORE_RELOCATION, "invalid func unknown#0xbad2310", "poisoned"),
    Pattern(Kind.CORE_RELOCATION, "call unknown#195896080", "poisoned"),
    # cilium/ebpf poisons such a call with 0xdedc0de.
    Pattern(Kind.POISONED_CALL, "invalid func unknown#233685214"),
    Pattern(Kind.NOT_SLEEPABLE, "kernel function {kfunc} is sleepable but the program is not"),
    Pattern(
        Kind.KERNEL_SUPPORT,
        "calling kernel functions are not allowed in non-JITed programs",
        "jit_off",
    ),
    Pattern(
        Kind.PRIVILEGE,
        "loading/calling other bpf or kernel functions are allowed for CAP_BPF and CAP_SYS_ADMIN",
        "bpf",
    ),
    Pattern(
        Kind.PRIVILEGE,
        "function calls to other bpf functions are allowed for CAP_BPF and CAP_SYS_ADMIN",
        "bpf",
    ),
    Pattern(
        Kind.KERNEL_SUPPORT,
        "calling kernel function is not supported without CONFIG_DEBUG_INFO_BTF",
        "btf",
    ),
    Pattern(
        Kind.KERNEL_SUPPORT,
        "calling kernel functions is not supported without CONFIG_DEBUG_INFO_BTF",
        "btf",
    ),
    Pattern(Kind.KERNEL_SUPPORT, "JIT is required for calling kernel function", "jit_off"),
    Pattern(Kind.KERNEL_SUPPORT, "JIT does not support calling kernel function", "jit"),
    Pattern(Kind.KERNEL_SUPPORT, "JIT does not support calling kfunc {kfunc}#{n}", "jit"),
    Pattern(Kind.KERNEL_SUPPORT, "JIT does not support kfunc {kfunc}() with {n} args", "jit"),
    Pattern(
        Kind.KERNEL_SUPPORT,
        "JIT does not support kfunc {kfunc}() with arena pointer arguments",
        "jit",
    ),
)
