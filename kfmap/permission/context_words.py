"""The words of short context names: what stands for which program and attach type.

Program types and attach types are UAPI names (include/uapi/linux/bpf.h); the words are those that
libbpf uses in section names (tools/lib/bpf/libbpf.c, section_defs), else the UAPI names in small.
"""

from __future__ import annotations

from kfmap.permission.context import Context

TYPE_PREFIX = "BPF_PROG_TYPE_"
TRACING = "BPF_PROG_TYPE_TRACING"
LSM = "BPF_PROG_TYPE_LSM"
KPROBE = "BPF_PROG_TYPE_KPROBE"
SYSCALL = "BPF_PROG_TYPE_SYSCALL"

# The BTF names of attach targets start with these.
TARGET_PREFIXES = {
    "lsm": "bpf_lsm_",
    "lsm_cgroup": "bpf_lsm_",
    "iter": "bpf_iter_",
    "tp_btf": "btf_trace_",
}

# Other words for a program type.
TYPE_WORDS = {
    "tc": "BPF_PROG_TYPE_SCHED_CLS",
    "tcx": "BPF_PROG_TYPE_SCHED_CLS",
    "classifier": "BPF_PROG_TYPE_SCHED_CLS",
    "action": "BPF_PROG_TYPE_SCHED_ACT",
    "socket": "BPF_PROG_TYPE_SOCKET_FILTER",
    "tp": "BPF_PROG_TYPE_TRACEPOINT",
    "raw_tp": "BPF_PROG_TYPE_RAW_TRACEPOINT",
    "sockops": "BPF_PROG_TYPE_SOCK_OPS",
    "uprobe": KPROBE,
    "kretprobe": KPROBE,
    "uretprobe": KPROBE,
}

# A word that says program type and attach type; what follows it is the attach target.
ATTACH_WORDS = {
    "fentry": (TRACING, "BPF_TRACE_FENTRY"),
    "fexit": (TRACING, "BPF_TRACE_FEXIT"),
    "fsession": (TRACING, "BPF_TRACE_FSESSION"),
    "fmod_ret": (TRACING, "BPF_MODIFY_RETURN"),
    "tp_btf": (TRACING, "BPF_TRACE_RAW_TP"),
    "iter": (TRACING, "BPF_TRACE_ITER"),
    "lsm": (LSM, "BPF_LSM_MAC"),
    "lsm_cgroup": (LSM, "BPF_LSM_CGROUP"),
}

# `kprobe:session` and the like: a program type's word, a colon, the kind of attachment.
PROBE_KINDS = {
    ("kprobe", "multi"): "BPF_TRACE_KPROBE_MULTI",
    ("kprobe", "session"): "BPF_TRACE_KPROBE_SESSION",
    ("uprobe", "multi"): "BPF_TRACE_UPROBE_MULTI",
    ("uprobe", "session"): "BPF_TRACE_UPROBE_SESSION",
}

ATTACH_BY_TYPE = {pair: word for word, pair in ATTACH_WORDS.items()}
PROBE_BY_ATTACH = {attach: ":".join(pair) for pair, attach in PROBE_KINDS.items()}
MAIN_WORDS = {"BPF_PROG_TYPE_SCHED_CLS": "tc"}


def type_word(program_type: str) -> str:
    """Return the main word of a program type."""
    return MAIN_WORDS.get(program_type, program_type.removeprefix(TYPE_PREFIX).lower())


def full_target(attach_word: str, name: str) -> str:
    """Return the BTF name of an attach target written short (`file_open`, `task`)."""
    prefix = TARGET_PREFIXES.get(attach_word, "")
    return name if name.startswith(prefix) else prefix + name


def short_target(attach_word: str, target: str) -> str:
    """Return the short form of an attach target's BTF name."""
    return target.removeprefix(TARGET_PREFIXES.get(attach_word, ""))


def render_context(context: Context) -> str:
    """Return the short name of a context, as `parse_context` reads it."""
    sleeps = ".s" if context.sleepable and context.program_type != SYSCALL else ""
    if context.struct_ops:
        member = f".{context.member}" if context.member else ""
        return f"struct_ops{sleeps}:{context.struct_ops}{member}"
    if context.replaces:
        replaced = Context(context.replaces, context.attach_type, context.target)
        return f"freplace{sleeps}:{render_context(replaced)}"
    word = ATTACH_BY_TYPE.get((context.program_type, context.attach_type or ""))
    if word:
        target = f":{short_target(word, context.target)}" if context.target else ""
        return f"{word}{sleeps}{target}"
    return _render_plain(context, sleeps)


def _render_plain(context: Context, sleeps: str) -> str:
    if context.program_type == KPROBE and context.attach_type in PROBE_BY_ATTACH:
        word, _, kind = PROBE_BY_ATTACH[context.attach_type].partition(":")
        return f"{word}{sleeps}:{kind}"
    # Of kprobe and uprobe programs, which are one type to the verifier, only uprobes may sleep.
    is_uprobe = context.program_type == KPROBE and context.sleepable
    parts = [("uprobe" if is_uprobe else type_word(context.program_type)) + sleeps]
    if context.attach_type:
        parts.append(context.attach_type.removeprefix("BPF_").lower())
    elif context.target:
        parts.append("")
    if context.target:
        parts.append(context.target)
    return ":".join(parts)
