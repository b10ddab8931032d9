"""Where a program attaches: targets, hooks, tracepoints, and which programs may sleep there.

kernel/bpf/verifier.c: bpf_check_attach_target(), check_attach_btf_id(), check_struct_ops_btf_id();
kernel/bpf/bpf_lsm.c; kernel/bpf/btf.c.
"""

from __future__ import annotations

from kfmap.decoder.about import About
from kfmap.decoder.kinds import Kind
from kfmap.decoder.pattern import Pattern

_MISSING = (
    "failed to find kernel BTF type ID of '{target}': {n}",
    "failed to find kernel BTF type ID of '{target}': {errno}",
    "failed to find kernel BTF type ID of '{target}'",
    "failed to find BPF program (FD {n}) BTF ID for '{target}': {errno}",
    "{target} is not found in vmlinux BTF",
    "{target} is not found in prog's BTF",
    "'{target}' is not a module",
    "{target} is not a module",
    "attach_btf_id {n} is invalid",
    "attach_btf_id {n} doesn't have a name",
    "attach_btf_id {n} is not a function",
    "attach_btf_id {n} is not a typedef",
    "attach_btf_id {n} is not a supported struct",
    "attach_btf_id {n} points to wrong type name {word}",
    "The address of function {target} cannot be found",
    "Subprog {function} doesn't exist",
    "Tracing programs must provide btf_id",
    "in-kernel BTF is malformed",
    "failed to create kprobe '{target}+0x{n}' perf event: {errno}",
    "failed to create kretprobe '{target}+0x{n}' perf event: {errno}",
    "failed to create kprobe '{target}' perf event: {errno}",
    "no BTF-based attach target is specified, use bpf_program__set_attach_target()",
)
_NO_TRACEPOINT = (
    "failed to determine tracepoint '{target}' perf event ID: {errno}",
    "tracepoint '{target}' perf_event_open() failed: {errno}",
    "failed to create tracepoint '{target}' perf event: {errno}",
    "failed to attach to raw tracepoint '{target}': {errno}",
    "failed to attach to tracepoint '{target}': {errno}",
)
_REFUSED = (
    "{target} is not sleepable",
    "{target}() is not modifiable",
    "can't modify return codes of BPF programs",
    "attach_btf_id {n} points to disabled hook {target}",
    "Attaching tracing programs to function '{target}' is rejected",
    "Attaching fexit/fmod_ret to __noreturn function '{target}' is rejected",
    "Attaching fexit/fsession/fmod_ret to __noreturn function '{target}' is rejected",
    "Attaching fexit/fmod_ret to __noreturn functions is rejected",
    "Sleepable program cannot attach to non-faultable tracepoint {target}",
    "Attach to function {target} with a >8 byte return value is not supported for this attach type",
    "The function {target} has {n} arguments. Too many",
    "The function {target} return type {type} is unsupported",
    "The function {target} with variable args is unsupported",
    "The function {target} has malformed void argument",
    "The function {target} arg{n} type {type} is unsupported",
    "kernel supports at most {n} parameters, function {target} has {n}",
    "Cannot nest tracing program attach more than once",
    "Cannot recursively attach",
    "Cannot extend fentry/fexit",
    "Cannot extend fentry/fexit/fsession",
    "Cannot replace kernel functions",
    "Cannot replace static functions",
    "Extension programs should be JITed",
    "Extension program changes packet data, while original does not",
    "Extension program may sleep, while original does not",
    "Can attach to only JITed progs",
    "Only FENTRY/FEXIT progs are attachable to another BPF prog",
    "Only FENTRY/FEXIT/FSESSION progs are attachable to another BPF prog",
    "FENTRY/FEXIT program can only be attached to another program annotated with BTF",
    "Tracing program can only be attached to another program annotated with BTF",
    "{words} programs cannot attach to exception callback",
    "ret type {type} not allowed for fmod_ret",
    "JIT does not support fsession",
    "JIT does not support function {target}() with {n} args",
    "freplace programs with >{n} args not supported yet",
    "Program extension requires BTF",
    "{function}() is not a global function",
    "arg{n} in {function}() is {type} while {function}() has {type}",
    "Return type {type} of {function}() doesn't match type {type} of {function}()",
    "failed to attach: {errno}",
    "failed to auto-attach: {errno}",
    "map '{map}': failed to auto-attach: {errno}",
    "failed to attach to {words}: {errno}",
    "failed to attach to iterator: {errno}",
    "failed to attach to netfilter: {errno}",
    "failed to attach to perf_event FD {n}: {errno}",
    "failed to attach multi-uprobe: {errno}",
    "Kernel error message: {detail}",
    "create tracing link: {detail}",
)
_SLEEPABLE = (
    "Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable",
    "Only fentry/fexit/fmod_ret, lsm, and kprobe/uprobe programs can be sleepable",
    "Program of this type cannot be sleepable",
    "Syscall programs can only be sleepable",
    "BPF_LSM_CGROUP programs cannot be sleepable",
)

ATTACHING = (
    *(Pattern(Kind.ATTACH_TARGET_MISSING, template) for template in _MISSING),
    *(Pattern(Kind.ATTACH_TARGET_MISSING, text, About.TRACEPOINT) for text in _NO_TRACEPOINT),
    *(Pattern(Kind.ATTACH_TARGET, template) for template in _REFUSED),
    Pattern(Kind.ATTACH_TARGET, "Sleepable BPF_TRACE_RAW_TP programs are not supported"),
    *(Pattern(Kind.SLEEPABLE_PROGRAM, template) for template in _SLEEPABLE),
    Pattern(Kind.LICENCE, "LSM programs must have a GPL compatible license", About.LSM),
)
