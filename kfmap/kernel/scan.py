"""Find the files that matter: those that mention sets, registrations, struct_ops or iterators."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kfmap.kernel.rules.error_injection import INJECTION_MARK
from kfmap.kernel.rules.targets import ITERATOR_MARK
from kfmap.kernel.tree import Tree

_QUICK = re.compile(b"btf_|bpf").search  # nearly every file has neither and is done with
_MARKS = (
    b"btf_kfunc_id_set",
    b"register_btf_fmodret_id_set",
    b"BTF_KFUNCS_START",
    b"BTF_SET8_START",
    b"register_bpf_struct_ops",
    b"struct bpf_struct_ops bpf_",
    ITERATOR_MARK,
)
_DEFINING = (b"__bpf_kfunc ", b"bpf_dev_bound_kfunc_id(")


@dataclass(frozen=True, slots=True)
class Found:
    """Files with sets or registrations, those that only define kfuncs, those that are not read.

    `injecting` are those that put functions on the error-injection list, where that was asked.
    """

    marked: tuple[str, ...]
    defining: tuple[str, ...]
    unread: tuple[str, ...] = ()
    injecting: tuple[str, ...] = ()


def scan_tree(tree: Tree, arch: str, *, injection: bool = False) -> Found:
    """Read every .c file once that can be part of a kernel for arch/`arch`."""
    marked: list[str] = []
    defining: list[str] = []
    unread: list[str] = []
    injecting: list[str] = []
    for file in tree.find_sources(arch):
        data = tree.peek(file)
        if data is None:
            unread.append(file)
            continue
        if injection and INJECTION_MARK in data:
            injecting.append(file)
        if not _QUICK(data):
            continue
        if any(mark in data for mark in _MARKS):
            marked.append(file)
        elif any(mark in data for mark in _DEFINING):
            defining.append(file)
    return Found(tuple(marked), tuple(defining), tuple(unread), tuple(injecting))
