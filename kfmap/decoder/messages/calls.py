"""Whether a program may call a kfunc at all: permission, capabilities, licence, the call itself.

kernel/bpf/verifier.c: add_kfunc_call(), check_kfunc_call(); kernel/bpf/offload.c for device-bound
programs.
"""

from __future__ import annotations

from kfmap.decoder.about import About
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
    Pattern(Kind.DEVICE_BOUND, "metadata kfuncs can't be offloaded", About.OFFLOADED),
    Pattern(Kind.DEVICE_BOUND, "Target program bound device mismatch", About.MISMATCH),
    Pattern(Kind.DESTRUCTIVE, "destructive kfunc calls require CAP_SYS_BOOT capability"),
    Pattern(Kind.DESTRUCTIVE, "destructive kfunc calls require CAP_SYS_BOOT capabilities"),
    Pattern(Kind.PERFMON, "{kfunc} is allowed only to CAP_PERFMON and CAP_SYS_ADMIN"),
    Pattern(
        Kind.LICENCE, "cannot call kernel function from non-GPL compatible program", About.KFUNC
    ),
    Pattern(Kind.NO_TWIN, "cannot find function {kfunc}_impl in BTF"),
    Pattern(Kind.MISSING, "cannot find function {kfunc} in BTF"),
    Pattern(Kind.NO_TWIN, "kfunc {kfunc} has inconsistent KF_IMPLICIT_ARGS"),
    Pattern(Kind.MISSING, "cannot find address for kernel function {kfunc}"),
    Pattern(Kind.MISSING, "invalid kernel function btf_id {n}", About.BTF_ID),
    Pattern(Kind.MISSING, "kernel btf_id {n} is not a function", About.BTF_ID),
    Pattern(
        Kind.MISSING, "kernel function btf_id {n} does not have a valid func_proto", About.BTF_ID
    ),
    Pattern(Kind.MISSING, "failed to find BTF for kernel function", About.BTF_ID),
    Pattern(Kind.MISSING, "invalid kernel function call not eliminated in verifier pass"),
    Pattern(Kind.MISSING, "kfunc '{kfunc}' is referenced but wasn't resolved"),
    Pattern(Kind.MISSING, "kfunc '{kfunc}' wasn't resolved"),
    Pattern(Kind.MISSING, "address of kernel func_id {n} is out of range", About.RANGE),
    Pattern(Kind.MISSING, "address of kernel function {kfunc} is out of range", About.RANGE),
    Pattern(
        Kind.MISSING, "negative offset disallowed for kernel module function call", About.MODULE
    ),
    Pattern(Kind.MISSING, "kfunc offset > 0 without fd_array is invalid", About.MODULE),
    Pattern(Kind.MISSING, "invalid module BTF fd specified", About.MODULE),
    Pattern(Kind.MISSING, "BTF fd for kfunc is not a module BTF", About.MODULE),
    Pattern(Kind.MISSING, "kfunc fd_idx {n} is not a module BTF", About.MODULE),
    Pattern(Kind.MISSING, "kfunc fd_idx {n} out of bounds, fd_array_cnt {n}", About.MODULE),
    Pattern(Kind.MISSING, "invalid module BTF object FD specified", About.MODULE),
    # libbpf puts 2,001,000,000 + map or 2,002,000,000 + extern where it had to poison a call.
    Pattern(Kind.POISONED_CALL, "invalid func unknown#2002{n}"),
    Pattern(Kind.POISONED_CALL, "invalid func unknown#2001{n}", About.MAP),
    Pattern(Kind.POISONED_CALL, "BPF map '{map}' is referenced but wasn't created", About.MAP),
    Pattern(Kind.CORE_RELOCATION, "invalid func unknown#195896080"),
    Pattern(Kind.CORE_RELOCATION, "invalid func unknown#0xbad2310"),
    Pattern(Kind.CORE_RELOCATION, "call unknown#195896080"),
    # cilium/ebpf poisons such a call with 0xdedc0de.
    Pattern(Kind.POISONED_CALL, "invalid func unknown#233685214"),
    Pattern(Kind.NOT_SLEEPABLE, "kernel function {kfunc} is sleepable but the program is not"),
    Pattern(
        Kind.KERNEL_SUPPORT,
        "calling kernel functions are not allowed in non-JITed programs",
        About.JIT_OFF,
    ),
    Pattern(
        Kind.PRIVILEGE,
        "loading/calling other bpf or kernel functions are allowed for CAP_BPF and CAP_SYS_ADMIN",
        About.BPF,
    ),
    Pattern(
        Kind.PRIVILEGE,
        "function calls to other bpf functions are allowed for CAP_BPF and CAP_SYS_ADMIN",
        About.BPF,
    ),
    Pattern(
        Kind.KERNEL_SUPPORT,
        "calling kernel function is not supported without CONFIG_DEBUG_INFO_BTF",
        About.BTF,
    ),
    Pattern(
        Kind.KERNEL_SUPPORT,
        "calling kernel functions is not supported without CONFIG_DEBUG_INFO_BTF",
        About.BTF,
    ),
    Pattern(Kind.KERNEL_SUPPORT, "JIT is required for calling kernel function", About.JIT_OFF),
    Pattern(Kind.KERNEL_SUPPORT, "JIT does not support calling kernel function", About.JIT),
    Pattern(Kind.KERNEL_SUPPORT, "JIT does not support calling kfunc {kfunc}#{n}", About.JIT),
    Pattern(Kind.KERNEL_SUPPORT, "JIT does not support kfunc {kfunc}() with {n} args", About.JIT),
    Pattern(
        Kind.KERNEL_SUPPORT,
        "JIT does not support kfunc {kfunc}() with arena pointer arguments",
        About.JIT,
    ),
)
