"""Which struct the context of a program is, as include/linux/bpf_types.h has it for its type.

Mirrors btf_is_prog_ctx_type() and what do_check_common() asks of the entry of a program, alike from
6.1 to 7.3: where it does not take its context alone, the verifier does not go by its BTF.
"""

from __future__ import annotations

from kfmap.btf.function_match import struct_of_argument
from kfmap.btf.read import Btf, BtfError

_TYPES = {
    "__sk_buff": (
        "SOCKET_FILTER SCHED_CLS SCHED_ACT CGROUP_SKB LWT_IN LWT_OUT LWT_XMIT LWT_SEG6LOCAL SK_SKB "
        "FLOW_DISSECTOR"
    ),
    "xdp_md": "XDP",
    "bpf_sock": "CGROUP_SOCK",
    "bpf_sock_addr": "CGROUP_SOCK_ADDR",
    "bpf_sock_ops": "SOCK_OPS",
    "sk_msg_md": "SK_MSG",
    "bpf_perf_event_data": "PERF_EVENT",
    "bpf_raw_tracepoint_args": "RAW_TRACEPOINT RAW_TRACEPOINT_WRITABLE",
    "bpf_cgroup_dev_ctx": "CGROUP_DEVICE",
    "bpf_sysctl": "CGROUP_SYSCTL",
    "bpf_sockopt": "CGROUP_SOCKOPT",
    "sk_reuseport_md": "SK_REUSEPORT",
    "bpf_sk_lookup": "SK_LOOKUP",
    "bpf_nf_ctx": "NETFILTER",
}
_STRUCTS = {
    f"BPF_PROG_TYPE_{kind}": name for name, kinds in _TYPES.items() for kind in kinds.split()
}
_KPROBE = "BPF_PROG_TYPE_KPROBE"
# The typedef bpf_user_pt_regs_t is one or the other, by the machine.
_REGISTERS = ("pt_regs", "user_pt_regs")
# Structs of the kernel that are taken for those of programs where there is btf_is_projection_of():
# 6.12.107, and not 6.1.192.
PROJECTION_MARK = "btf_is_projection_of"
_PROJECTIONS = {"sk_buff": "__sk_buff", "xdp_buff": "xdp_md"}


def context_struct(program_type: str) -> str:
    """Return the struct that programs of a type get, "" where it has no name of its own."""
    return _STRUCTS.get(program_type, "")


def is_context(
    types: Btf, function: int, program_type: str, projections: bool | None = None
) -> bool | None:
    """Return whether the first argument of a FUNC is the context of programs of a type.

    `projections`: whether the kernel has PROJECTION_MARK; None is the answer where that decides and
    is not known.
    """
    struct = struct_of_argument(types, function, 0)
    expected = context_struct(program_type)
    if struct is None or (not expected and program_type != _KPROBE):
        return False
    if struct == expected or (program_type == _KPROBE and struct in _REGISTERS):
        return True
    return projections if expected and _PROJECTIONS.get(struct) == expected else False


def is_context_alone(
    types: Btf, function: int, program_type: str, projections: bool | None
) -> bool | None:
    """Return whether a FUNC takes the context of programs of a type and nothing else."""
    try:
        if len(types.params(types.type_of(function))) != 1:
            return False
    except BtfError:
        return None
    return is_context(types, function, program_type, projections)
