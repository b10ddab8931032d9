"""Find the files that matter: those that mention sets, registrations, struct_ops or iterators."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from kfmap.kernel.registering_headers import find_users
from kfmap.kernel.rules.error_injection import INJECTION_MARK
from kfmap.kernel.rules.targets import ITERATOR_MARK
from kfmap.kernel.sought import Sought
from kfmap.kernel.tree import Tree
from kfmap.quick_dataclass import dataclass

_QUICK = (b"btf_", b"bpf")  # nearly every file has neither and is done with
_MARKS = Sought(
    b"btf_kfunc_id_set",
    b"register_btf_fmodret_id_set",
    b"BTF_KFUNCS_START",
    b"BTF_SET8_START",
    b"register_bpf_struct_ops",
    b"struct bpf_struct_ops bpf_",
    b"register_kfunc_btf_id_set",  # of 5.16 and 5.17: see rules/checked_calls.py
    ITERATOR_MARK,
)
_HELPING = Sought(b"struct bpf_func_proto ", b"struct bpf_verifier_ops ", b"get_func_proto")
_DEFINING = Sought(b"__bpf_kfunc ", b"bpf_dev_bound_kfunc_id(")
_INCLUDED_C = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*"([\w./-]+\.c)"', re.M)
_IN_A_PART = re.compile(r"BTF_(?:KFUNCS|SET8)_START|btf_kfunc_id_set")


@dataclass(frozen=True, slots=True)
class Found:
    """Files with sets or registrations, those that only define kfuncs, those that are not read.

    `helping` have prototypes of helpers, or verifier operations. `injecting` put functions on the
    error-injection list, where that was asked. `acting` are headers that register, `unused` those
    that no .c file includes by their names.
    """

    marked: tuple[str, ...]
    defining: tuple[str, ...]
    unread: tuple[str, ...] = ()
    injecting: tuple[str, ...] = ()
    helping: tuple[str, ...] = ()
    acting: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


def scan_tree(tree: Tree, arch: str, *, injection: bool = False) -> Found:
    """Read every .c file once that can be part of a kernel for arch/`arch`."""
    marked: list[str] = []
    defining: list[str] = []
    unread: list[str] = []
    injecting: list[str] = []
    helping: list[str] = []
    parts: set[str] = set()
    sought = Sought(*_QUICK, *((INJECTION_MARK,) if injection else ()))
    for file, data in tree.search(tree.find_sources(arch), sought):
        if data is None:
            unread.append(file)
            continue
        if injection and INJECTION_MARK in data:
            injecting.append(file)
        if _HELPING.is_in(data):
            helping.append(file)
        if _MARKS.is_in(data):
            marked.append(file)
            parts.update(_find_parts(file, data))
        elif _DEFINING.is_in(data):
            defining.append(file)
    parts -= {*marked, *defining}
    marked += sorted(part for part in parts if _IN_A_PART.search(tree.read(part) or ""))
    users = find_users(tree, arch)
    marked = sorted({*marked, *users.files})
    rest = (defining, unread, injecting, helping, users.acting, users.unused)
    return Found(tuple(marked), *(tuple(sorted(files)) for files in rest))


def _find_parts(file: str, data: bytes) -> set[str]:
    """Return the .c files beside or under one that it includes: they may lack all that is quick."""
    if b'.c"' not in data:  # as nearly no file has it
        return set()
    folder = posixpath.dirname(file)
    names = (name.decode(errors="replace") for name in _INCLUDED_C.findall(data))
    return {posixpath.normpath(posixpath.join(folder, name)) for name in names}


def find_definitions(tree: Tree, arch: str, names: Iterable[str]) -> list[str]:
    """Return the files that may define functions of these names."""
    words = tuple(sorted(name.encode() for name in names))
    if not words:
        return []
    defined = re.compile(rb"\b(?:" + b"|".join(words) + rb")\s*\([^;{}()]*\)\s*\{")
    sought = Sought(*words, pattern=defined)
    return _find_files(tree, arch, sought)


def _find_files(tree: Tree, arch: str, sought: Sought) -> list[str]:
    found = tree.search(tree.find_sources(arch), sought)
    return sorted(file for file, data in found if data is not None)
