"""What SEC("...") means: program type, attach type, sleepable, target.

Mirrors section_defs of tools/lib/bpf/libbpf.c (libbpf of Linux 7.3). A pattern that ends in `+` is
met by the bare name and by `name/target`; any other only by the whole name.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from kfmap.permission.context import Context

UNKNOWN_TYPE = "BPF_PROG_TYPE_UNSPEC"
STRUCT_OPS_TYPE = "BPF_PROG_TYPE_STRUCT_OPS"
EXT_TYPE = "BPF_PROG_TYPE_EXT"
_TYPE_PREFIX = "BPF_PROG_TYPE_"


class ProgramKind(NamedTuple):
    """What a section name says of its program.

    `program_type` is BPF_PROG_TYPE_UNSPEC if libbpf does not know the name. `target` is what
    follows the first `/`, in libbpf's words; `attach_target` the name in BTF that the kernel sees,
    where it can be known (bpf_lsm_file_open, bpf_iter_task, btf_trace_sched_switch). `optional`: it
    is loaded only when something switches it on (`autoload`), since the name starts with `?`.
    """

    program_type: str
    attach_type: str | None
    target: str | None
    attach_target: str | None
    sleepable: bool
    optional: bool


class _Row(NamedTuple):
    """Without their prefixes BPF_PROG_TYPE_ and BPF_; `btf_prefix` of the target, None: not BTF."""

    program_type: str
    attach_type: str = ""
    sleepable: bool = False
    btf_prefix: str | None = None


_KPROBE = _Row("KPROBE")
_SLEEPABLE_KPROBE = _Row("KPROBE", sleepable=True)
_TRACEPOINT = _Row("TRACEPOINT")
_SLEEPABLE_TRACEPOINT = _Row("TRACEPOINT", sleepable=True)
_RAW = _Row("RAW_TRACEPOINT")
_SLEEPABLE_RAW = _Row("RAW_TRACEPOINT", sleepable=True)
_WRITABLE_RAW = _Row("RAW_TRACEPOINT_WRITABLE")
_UPROBE_MULTI = _Row("KPROBE", "TRACE_UPROBE_MULTI")
_SLEEPABLE_UPROBE_MULTI = _Row("KPROBE", "TRACE_UPROBE_MULTI", sleepable=True)

_ROWS: dict[str, _Row] = {
    "socket": _Row("SOCKET_FILTER"),
    "sk_reuseport/migrate": _Row("SK_REUSEPORT", "SK_REUSEPORT_SELECT_OR_MIGRATE"),
    "sk_reuseport": _Row("SK_REUSEPORT", "SK_REUSEPORT_SELECT"),
    "kprobe+": _KPROBE,
    "uprobe+": _KPROBE,
    "uprobe.s+": _SLEEPABLE_KPROBE,
    "kretprobe+": _KPROBE,
    "uretprobe+": _KPROBE,
    "uretprobe.s+": _SLEEPABLE_KPROBE,
    "kprobe.multi+": _Row("KPROBE", "TRACE_KPROBE_MULTI"),
    "kretprobe.multi+": _Row("KPROBE", "TRACE_KPROBE_MULTI"),
    "kprobe.session+": _Row("KPROBE", "TRACE_KPROBE_SESSION"),
    "uprobe.multi+": _UPROBE_MULTI,
    "uretprobe.multi+": _UPROBE_MULTI,
    "uprobe.session+": _Row("KPROBE", "TRACE_UPROBE_SESSION"),
    "uprobe.multi.s+": _SLEEPABLE_UPROBE_MULTI,
    "uretprobe.multi.s+": _SLEEPABLE_UPROBE_MULTI,
    "uprobe.session.s+": _Row("KPROBE", "TRACE_UPROBE_SESSION", sleepable=True),
    "ksyscall+": _KPROBE,
    "kretsyscall+": _KPROBE,
    "usdt+": _KPROBE,
    "usdt.s+": _SLEEPABLE_KPROBE,
    "tc/ingress": _Row("SCHED_CLS", "TCX_INGRESS"),
    "tc/egress": _Row("SCHED_CLS", "TCX_EGRESS"),
    "tcx/ingress": _Row("SCHED_CLS", "TCX_INGRESS"),
    "tcx/egress": _Row("SCHED_CLS", "TCX_EGRESS"),
    "tc": _Row("SCHED_CLS"),
    "classifier": _Row("SCHED_CLS"),
    "action": _Row("SCHED_ACT"),
    "netkit/primary": _Row("SCHED_CLS", "NETKIT_PRIMARY"),
    "netkit/peer": _Row("SCHED_CLS", "NETKIT_PEER"),
    "tracepoint+": _TRACEPOINT,
    "tp+": _TRACEPOINT,
    "tracepoint.s+": _SLEEPABLE_TRACEPOINT,
    "tp.s+": _SLEEPABLE_TRACEPOINT,
    "raw_tracepoint+": _RAW,
    "raw_tp+": _RAW,
    "raw_tracepoint.s+": _SLEEPABLE_RAW,
    "raw_tp.s+": _SLEEPABLE_RAW,
    "raw_tracepoint.w+": _WRITABLE_RAW,
    "raw_tp.w+": _WRITABLE_RAW,
    "tp_btf+": _Row("TRACING", "TRACE_RAW_TP", False, "btf_trace_"),
    "tp_btf.s+": _Row("TRACING", "TRACE_RAW_TP", True, "btf_trace_"),
    "fentry+": _Row("TRACING", "TRACE_FENTRY", False, ""),
    "fmod_ret+": _Row("TRACING", "MODIFY_RETURN", False, ""),
    "fexit+": _Row("TRACING", "TRACE_FEXIT", False, ""),
    "fsession+": _Row("TRACING", "TRACE_FSESSION", False, ""),
    "fentry.s+": _Row("TRACING", "TRACE_FENTRY", True, ""),
    "fmod_ret.s+": _Row("TRACING", "MODIFY_RETURN", True, ""),
    "fexit.s+": _Row("TRACING", "TRACE_FEXIT", True, ""),
    "fsession.s+": _Row("TRACING", "TRACE_FSESSION", True, ""),
    "fentry.multi+": _Row("TRACING", "TRACE_FENTRY_MULTI"),
    "fexit.multi+": _Row("TRACING", "TRACE_FEXIT_MULTI"),
    "fsession.multi+": _Row("TRACING", "TRACE_FSESSION_MULTI"),
    "fentry.multi.s+": _Row("TRACING", "TRACE_FENTRY_MULTI", sleepable=True),
    "fexit.multi.s+": _Row("TRACING", "TRACE_FEXIT_MULTI", sleepable=True),
    "fsession.multi.s+": _Row("TRACING", "TRACE_FSESSION_MULTI", sleepable=True),
    "freplace+": _Row("EXT"),
    "lsm+": _Row("LSM", "LSM_MAC", False, "bpf_lsm_"),
    "lsm.s+": _Row("LSM", "LSM_MAC", True, "bpf_lsm_"),
    "lsm_cgroup+": _Row("LSM", "LSM_CGROUP", False, "bpf_lsm_"),
    "iter+": _Row("TRACING", "TRACE_ITER", False, "bpf_iter_"),
    "iter.s+": _Row("TRACING", "TRACE_ITER", True, "bpf_iter_"),
    "syscall": _Row("SYSCALL", sleepable=True),
    "xdp.frags/devmap": _Row("XDP", "XDP_DEVMAP"),
    "xdp/devmap": _Row("XDP", "XDP_DEVMAP"),
    "xdp.frags/cpumap": _Row("XDP", "XDP_CPUMAP"),
    "xdp/cpumap": _Row("XDP", "XDP_CPUMAP"),
    "xdp.frags": _Row("XDP", "XDP"),
    "xdp": _Row("XDP", "XDP"),
    "perf_event": _Row("PERF_EVENT"),
    "lwt_in": _Row("LWT_IN"),
    "lwt_out": _Row("LWT_OUT"),
    "lwt_xmit": _Row("LWT_XMIT"),
    "lwt_seg6local": _Row("LWT_SEG6LOCAL"),
    "sockops": _Row("SOCK_OPS", "CGROUP_SOCK_OPS"),
    "sk_skb/stream_parser": _Row("SK_SKB", "SK_SKB_STREAM_PARSER"),
    "sk_skb/stream_verdict": _Row("SK_SKB", "SK_SKB_STREAM_VERDICT"),
    "sk_skb/verdict": _Row("SK_SKB", "SK_SKB_VERDICT"),
    "sk_skb": _Row("SK_SKB"),
    "sk_msg": _Row("SK_MSG", "SK_MSG_VERDICT"),
    "lirc_mode2": _Row("LIRC_MODE2", "LIRC_MODE2"),
    "flow_dissector": _Row("FLOW_DISSECTOR", "FLOW_DISSECTOR"),
    "cgroup_skb/ingress": _Row("CGROUP_SKB", "CGROUP_INET_INGRESS"),
    "cgroup_skb/egress": _Row("CGROUP_SKB", "CGROUP_INET_EGRESS"),
    "cgroup/skb": _Row("CGROUP_SKB"),
    "cgroup/sock_create": _Row("CGROUP_SOCK", "CGROUP_INET_SOCK_CREATE"),
    "cgroup/sock_release": _Row("CGROUP_SOCK", "CGROUP_INET_SOCK_RELEASE"),
    "cgroup/sock": _Row("CGROUP_SOCK", "CGROUP_INET_SOCK_CREATE"),
    "cgroup/post_bind4": _Row("CGROUP_SOCK", "CGROUP_INET4_POST_BIND"),
    "cgroup/post_bind6": _Row("CGROUP_SOCK", "CGROUP_INET6_POST_BIND"),
    "cgroup/bind4": _Row("CGROUP_SOCK_ADDR", "CGROUP_INET4_BIND"),
    "cgroup/bind6": _Row("CGROUP_SOCK_ADDR", "CGROUP_INET6_BIND"),
    "cgroup/connect4": _Row("CGROUP_SOCK_ADDR", "CGROUP_INET4_CONNECT"),
    "cgroup/connect6": _Row("CGROUP_SOCK_ADDR", "CGROUP_INET6_CONNECT"),
    "cgroup/connect_unix": _Row("CGROUP_SOCK_ADDR", "CGROUP_UNIX_CONNECT"),
    "cgroup/sendmsg4": _Row("CGROUP_SOCK_ADDR", "CGROUP_UDP4_SENDMSG"),
    "cgroup/sendmsg6": _Row("CGROUP_SOCK_ADDR", "CGROUP_UDP6_SENDMSG"),
    "cgroup/sendmsg_unix": _Row("CGROUP_SOCK_ADDR", "CGROUP_UNIX_SENDMSG"),
    "cgroup/recvmsg4": _Row("CGROUP_SOCK_ADDR", "CGROUP_UDP4_RECVMSG"),
    "cgroup/recvmsg6": _Row("CGROUP_SOCK_ADDR", "CGROUP_UDP6_RECVMSG"),
    "cgroup/recvmsg_unix": _Row("CGROUP_SOCK_ADDR", "CGROUP_UNIX_RECVMSG"),
    "cgroup/getpeername4": _Row("CGROUP_SOCK_ADDR", "CGROUP_INET4_GETPEERNAME"),
    "cgroup/getpeername6": _Row("CGROUP_SOCK_ADDR", "CGROUP_INET6_GETPEERNAME"),
    "cgroup/getpeername_unix": _Row("CGROUP_SOCK_ADDR", "CGROUP_UNIX_GETPEERNAME"),
    "cgroup/getsockname4": _Row("CGROUP_SOCK_ADDR", "CGROUP_INET4_GETSOCKNAME"),
    "cgroup/getsockname6": _Row("CGROUP_SOCK_ADDR", "CGROUP_INET6_GETSOCKNAME"),
    "cgroup/getsockname_unix": _Row("CGROUP_SOCK_ADDR", "CGROUP_UNIX_GETSOCKNAME"),
    "cgroup/sysctl": _Row("CGROUP_SYSCTL", "CGROUP_SYSCTL"),
    "cgroup/getsockopt": _Row("CGROUP_SOCKOPT", "CGROUP_GETSOCKOPT"),
    "cgroup/setsockopt": _Row("CGROUP_SOCKOPT", "CGROUP_SETSOCKOPT"),
    "cgroup/dev": _Row("CGROUP_DEVICE", "CGROUP_DEVICE"),
    "struct_ops+": _Row("STRUCT_OPS"),
    "struct_ops.s+": _Row("STRUCT_OPS", sleepable=True),
    "sk_lookup": _Row("SK_LOOKUP", "SK_LOOKUP"),
    "netfilter": _Row("NETFILTER", "NETFILTER"),
}


@lru_cache(maxsize=1024)
def parse_section_name(name: str) -> ProgramKind:
    """Read a section name; one that libbpf does not know has the type BPF_PROG_TYPE_UNSPEC."""
    optional = name.startswith("?")
    name = name[1:] if optional else name
    head, slash, rest = name.partition("/")
    row = _ROWS.get(name) or _ROWS.get(f"{head}+")
    target = rest if slash else None
    if row is None:
        return ProgramKind(UNKNOWN_TYPE, None, target, None, False, optional)
    attach_target = None
    if target and row.btf_prefix is not None:
        module, colon, function = target.partition(":")
        attach_target = row.btf_prefix + (function if colon else module)
    attach_type = f"BPF_{row.attach_type}" if row.attach_type else None
    program_type = f"BPF_PROG_TYPE_{row.program_type}"
    return ProgramKind(program_type, attach_type, target, attach_target, row.sleepable, optional)


_TYPE_NAMES = frozenset(f"{_TYPE_PREFIX}{row.program_type}" for row in _ROWS.values())


def parse_program_type(word: str) -> ProgramKind | None:
    """Read a program type as people say it: a SEC() name, or one of enum bpf_prog_type.

    `BPF_PROG_TYPE_SOCKET_FILTER` and `socket_filter` are the same, with no attach type. None for
    what is neither.
    """
    known = parse_section_name(word)
    if known.program_type != UNKNOWN_TYPE:
        return known
    name = word.upper()
    full = name if name.startswith(_TYPE_PREFIX) else f"{_TYPE_PREFIX}{name}"
    if full not in _TYPE_NAMES:
        return None
    return ProgramKind(full, None, None, None, False, False)


def is_section_name(name: str) -> bool:
    """Return whether libbpf knows the section name, the `?` of optional programs aside."""
    return parse_section_name(name).program_type != UNKNOWN_TYPE


def render_section_name(context: Context) -> str:
    """Return the section name of programs of a context, "" where libbpf has none."""
    pattern = _find_pattern(context)
    prefix = _ROWS[pattern].btf_prefix if pattern in _ROWS else None
    name = pattern.removesuffix("+")
    if context.program_type == STRUCT_OPS_TYPE:
        return f"{name}/{context.member}" if context.member else name
    if context.target and prefix is not None and pattern.endswith("+"):
        return f"{name}/{context.target.removeprefix(prefix)}"
    return name


def _find_pattern(context: Context) -> str:
    """Return the first pattern for program type, attach type and sleep; else the shortest near."""
    word = context.program_type.removeprefix("BPF_PROG_TYPE_")
    attach = (context.attach_type or "").removeprefix("BPF_")
    near = [
        pattern
        for pattern, row in _ROWS.items()
        if row.program_type == word and row.sleepable == context.sleepable
    ]
    exact = [pattern for pattern in near if _ROWS[pattern].attach_type == attach]
    if exact:
        return exact[0]
    return min(near, key=len) if near and not attach else ""
