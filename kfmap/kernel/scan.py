"""Find the files that matter: those that mention sets, registrations, struct_ops or iterators."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kfmap.kernel.tree import Tree

_QUICK = re.compile(b"btf_|bpf").search  # nearly every file has neither and is done with
_MARKS = (
    b"btf_kfunc_id_set",
    b"register_btf_fmodret_id_set",
    b"BTF_KFUNCS_START",
    b"BTF_SET8_START",
    b"register_bpf_struct_ops",
    b"struct bpf_struct_ops bpf_",
    b"DEFINE_BPF_ITER_FUNC(",
)
_DEFINING = (b"__bpf_kfunc ", b"bpf_dev_bound_kfunc_id(")


@dataclass(frozen=True, slots=True)
class Found:
    """Files with sets or registrations, those that only define kfuncs, those that are not read."""

    marked: tuple[str, ...]
    defining: tuple[str, ...]
    unread: tuple[str, ...] = ()


def scan_tree(tree: Tree, arch: str) -> Found:
    """Read every .c file once that can be part of a kernel for arch/`arch`."""
    marked: list[str] = []
    defining: list[str] = []
    unread: list[str] = []
    for file in tree.find_sources(arch):
        data = tree.peek(file)
        if data is None:
            unread.append(file)
            continue
        if not _QUICK(data):
            continue
        if any(mark in data for mark in _MARKS):
            marked.append(file)
        elif any(mark in data for mark in _DEFINING):
            defining.append(file)
    return Found(tuple(marked), tuple(defining), tuple(unread))
