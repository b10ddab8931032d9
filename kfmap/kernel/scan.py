"""Find the files that matter: those that mention sets, registrations, struct_ops or iterators."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path

from kfmap.kernel.tree import Tree, read_file

# One word of each kind of mark: most files have none of them and are done with quickly.
_QUICK = (b"btf_", b"BTF_", b"bpf_struct_ops", b"BPF_ITER", b"bpf_kfunc")
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
_BATCH = 1_500


@dataclass(frozen=True, slots=True)
class Found:
    """Files with sets or registrations, and those that only define kfuncs."""

    marked: tuple[str, ...]
    defining: tuple[str, ...]


def scan_tree(tree: Tree) -> Found:
    """Read every .c file once, in processes."""
    files = tree.find_sources()
    batches = list(iter(lambda: list(islice(files, _BATCH)), []))
    with ProcessPoolExecutor(min(4, cpu_count() or 1), get_context("fork")) as pool:
        results = list(pool.map(_scan, [tree.root] * len(batches), batches))
    return Found(
        tuple(file for marked, _ in results for file in marked),
        tuple(file for _, defining in results for file in defining),
    )


def _scan(root: Path, files: Iterable[str]) -> tuple[list[str], list[str]]:
    marked: list[str] = []
    defining: list[str] = []
    for file in files:
        data = read_file(root, file) or b""
        if not any(word in data for word in _QUICK):
            continue
        if any(mark in data for mark in _MARKS):
            marked.append(file)
        elif any(mark in data for mark in _DEFINING):
            defining.append(file)
    return marked, defining
