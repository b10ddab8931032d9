"""A context: what the kernel knows at load time of the program that calls."""

from __future__ import annotations

from kfmap.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Context:
    """Program type and attach type are UAPI names (BPF_PROG_TYPE_*, enum bpf_attach_type).

    `target` is the attach target's BTF name (`bpf_lsm_file_open`, `bpf_iter_task`, a traced
    function); `struct_ops` and `member` name the callback of a BPF_PROG_TYPE_STRUCT_OPS program.
    `replaces` is the target's program type for BPF_PROG_TYPE_EXT (freplace). An attach type of
    None is 0 to the kernel.
    """

    program_type: str
    attach_type: str | None = None
    target: str | None = None
    struct_ops: str | None = None
    member: str | None = None
    sleepable: bool = False
    replaces: str | None = None
