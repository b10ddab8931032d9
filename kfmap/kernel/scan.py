"""Find the files that matter: those that mention sets, registrations, struct_ops or iterators."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kfmap.kernel.rules.error_injection import INJECTION_MARK
from kfmap.kernel.rules.targets import ITERATOR_MARK
from kfmap.kernel.tree import Tree

_QUICK = b"btf_|bpf"  # nearly every file has neither and is done with
_PLAIN = re.compile(_QUICK)
_MARKS = (
    b"btf_kfunc_id_set",
    b"register_btf_fmodret_id_set",
    b"BTF_KFUNCS_START",
    b"BTF_SET8_START",
    b"register_bpf_struct_ops",
    b"struct bpf_struct_ops bpf_",
    ITERATOR_MARK,
)
_HELPING = (b"struct bpf_func_proto ", b"struct bpf_verifier_ops ", b"get_func_proto")
_DEFINING = (b"__bpf_kfunc ", b"bpf_dev_bound_kfunc_id(")


@dataclass(frozen=True, slots=True)
class Found:
    """Files with sets or registrations, those that only define kfuncs, those that are not read.

    `helping` have prototypes of helpers, or verifier operations. `injecting` put functions on the
    error-injection list, where that was asked.
    """

    marked: tuple[str, ...]
    defining: tuple[str, ...]
    unread: tuple[str, ...] = ()
    injecting: tuple[str, ...] = ()
    helping: tuple[str, ...] = ()


def scan_tree(tree: Tree, arch: str, *, injection: bool = False) -> Found:
    """Read every .c file once that can be part of a kernel for arch/`arch`."""
    marked: list[str] = []
    defining: list[str] = []
    unread: list[str] = []
    injecting: list[str] = []
    helping: list[str] = []
    wanted = re.compile(_QUICK + b"|" + INJECTION_MARK.rstrip(b"(")) if injection else _PLAIN
    for file in tree.find_sources(arch):
        data = tree.search(file, wanted)
        if data is None:
            unread.append(file)
            continue
        if not data:
            continue
        if injection and INJECTION_MARK in data:
            injecting.append(file)
        if any(mark in data for mark in _HELPING):
            helping.append(file)
        if any(mark in data for mark in _MARKS):
            marked.append(file)
        elif any(mark in data for mark in _DEFINING):
            defining.append(file)
    return Found(tuple(marked), tuple(defining), tuple(unread), tuple(injecting), tuple(helping))
