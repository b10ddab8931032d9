"""Find the files that matter: those that mention sets, registrations, struct_ops or iterators."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass

from kfmap.kernel.place import KERNELS_OWN
from kfmap.kernel.rules.error_injection import INJECTION_MARK
from kfmap.kernel.rules.targets import ITERATOR_MARK
from kfmap.kernel.tree import Sought, Tree

_QUICK = re.compile(b"btf_|bpf")  # nearly every file has neither and is done with
_MARKS = (
    b"btf_kfunc_id_set",
    b"register_btf_fmodret_id_set",
    b"BTF_KFUNCS_START",
    b"BTF_SET8_START",
    b"register_bpf_struct_ops",
    b"struct bpf_struct_ops bpf_",
    b"register_kfunc_btf_id_set",  # of 5.16 and 5.17: see rules/checked_calls.py
    ITERATOR_MARK,
)
_HELPING = (b"struct bpf_func_proto ", b"struct bpf_verifier_ops ", b"get_func_proto")
_DEFINING = (b"__bpf_kfunc ", b"bpf_dev_bound_kfunc_id(")
# What a header of its own registers, or stands for in registrations, and what defines it there.
_REGISTERING = Sought(
    re.compile(rb"register_btf_|btf_kfunc_id_set|BTF_KFUNCS_START|BTF_SET8_START"),
    words=(b"btf_", b"BTF_"),
)
_DEFINING_SETS = re.compile(rb"^[ \t]*BTF_(?:KFUNCS|SET8)_START\s*\(", re.M)
_INCLUDED_C = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*"([\w./-]+\.c)"', re.M)
_IN_A_PART = re.compile(r"BTF_(?:KFUNCS|SET8)_START|btf_kfunc_id_set")
_HEADERS = ("include/linux", "include/net")
_DEFINED = re.compile(rb"^[ \t]*#[ \t]*define[ \t]+(\w+)|\b(\w+)\s*\([^;{}()]*\)\s*\{", re.M)


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
    parts: set[str] = set()
    sought = Sought(_QUICK, also=INJECTION_MARK if injection else b"")
    for file in tree.find_sources(arch):
        data = tree.search(file, sought)
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
            parts.update(_find_parts(file, data))
        elif any(mark in data for mark in _DEFINING):
            defining.append(file)
    parts -= {*marked, *defining}
    marked += sorted(part for part in parts if _IN_A_PART.search(tree.read(part) or ""))
    marked = sorted({*marked, *_find_users(tree, arch, [*marked, *defining])})
    return Found(tuple(marked), tuple(defining), tuple(unread), tuple(injecting), tuple(helping))


def _find_parts(file: str, data: bytes) -> set[str]:
    """Return the .c files beside or under one that it includes: they may lack all that is quick."""
    folder = posixpath.dirname(file)
    names = (name.decode(errors="replace") for name in _INCLUDED_C.findall(data))
    return {posixpath.normpath(posixpath.join(folder, name)) for name in names}


def find_definitions(tree: Tree, arch: str, names: Iterable[str]) -> list[str]:
    """Return the files that may define functions of these names."""
    words = tuple(sorted(name.encode() for name in names))
    if not words:
        return []
    defined = re.compile(rb"\b(?:" + b"|".join(words) + rb")\s*\([^;{}()]*\)\s*\{")
    sought = Sought(defined, words)
    return [file for file in tree.find_sources(arch) if tree.search(file, sought)]


def _find_users(tree: Tree, arch: str, near: Iterable[str]) -> list[str]:
    """Return the files that use what headers of the tree register, or wrap, if any header does.

    To include a header that defines sets is to use it.

    Looks at the headers of include/linux and include/net and at those beside the files `near`.
    """
    folders = {posixpath.dirname(file) for file in near}
    headers = {header for folder in folders for header in tree.find_headers(folder)}
    headers.update(h for folder in _HEADERS for h in tree.find_headers_below(folder))
    names: set[bytes] = set()
    for header in sorted(headers - KERNELS_OWN):
        data = tree.search(header, _REGISTERING)
        names.update(name for pair in _DEFINED.findall(data or b"") for name in pair if name)
        if data and _DEFINING_SETS.search(data):
            names.add(posixpath.basename(header).encode())
    if not names:
        return []
    used = Sought(re.compile(rb"\b(?:" + b"|".join(sorted(map(re.escape, names))) + rb")\b"))
    return [file for file in tree.find_sources(arch) if tree.search(file, used)]
