"""Headers of a tree's own that register kfuncs, or stand for what does, and who uses them.

The kernel has none: its registrations stand in .c files. A file that includes such a header may
have no word of its own that says so.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from kfmap.kernel.place import KERNELS_OWN
from kfmap.kernel.sought import Sought
from kfmap.kernel.tree import Tree
from kfmap.quick_dataclass import dataclass

# What such a header has, and what of it needs nobody who calls it.
_REGISTERING = Sought(
    *(b"btf_", b"BTF_"),
    pattern=re.compile(rb"register_btf_|btf_kfunc_id_set|BTF_(?:KFUNCS|SET8)_START"),
)
_ACTING = re.compile(
    rb"^[ \t]*(?:BTF_(?:KFUNCS|SET8)_START|\w*_initcall\w*|module_init)\s*\("
    rb"|\bstruct\s+btf_kfunc_id_set\s+\w+\s*(?:\[[^\]]*\]\s*)?=",
    re.M,
)
_DEFINED = re.compile(rb"^[ \t]*#[ \t]*define[ \t]+(\w+)|\b(\w+)\s*\([^;{}()]*\)\s*\{", re.M)
_INCLUDED = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*(["<])([^">\n]+)[">]', re.M)
_MOST = 1 << 19  # bytes: larger headers are tables of the registers of a device
_MAX_ROUNDS = 8  # of headers that include one another


@dataclass(frozen=True, slots=True)
class Users:
    """The .c files that use such headers; the headers that register; those that none includes."""

    files: tuple[str, ...] = ()
    acting: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


def find_users(tree: Tree, arch: str) -> Users:
    """Return who uses the headers of a tree that register."""
    found = {
        header: data
        for header, data in tree.search(tree.find_all_headers(arch), _REGISTERING, _MOST)
        if data is not None and header not in KERNELS_OWN
    }
    if not found:
        return Users()
    names = {name for data in found.values() for pair in _DEFINED.findall(data) for name in pair}
    users = _find_naming(tree, arch, names - {b""})
    acting = {header for header, data in found.items() if _ACTING.search(data)}
    including = _find_including(tree, arch, acting)
    users |= {file for files in including.values() for file in files if file.endswith(".c")}
    unused = (header for header in acting if not _leads_to_source(header, including))
    return Users(*(tuple(sorted(found)) for found in (users, acting, unused)))


def _find_naming(tree: Tree, arch: str, names: Collection[bytes]) -> set[str]:
    """Return the .c files that have one of some words."""
    if not names:
        return set()
    word = re.compile(rb"\b(?:" + b"|".join(sorted(map(re.escape, names))) + rb")\b")
    found = tree.search(tree.find_sources(arch), Sought(*names, pattern=word))
    return {file for file, data in found if data is not None}


def _find_including(tree: Tree, arch: str, headers: Iterable[str]) -> Mapping[str, set[str]]:
    """Return the files that include some headers, and those that include these in turn."""
    including: dict[str, set[str]] = {header: set() for header in headers}
    asked = set(including)
    for _ in range(_MAX_ROUNDS):
        if not asked:
            break
        names = {posixpath.basename(header).encode() for header in asked}
        files = (*tree.find_all_headers(arch), *tree.find_sources(arch))
        new: set[str] = set()
        for file, data in tree.search(files, Sought(*names), _MOST):
            for header in _included(tree, file, data or b"", asked):
                including[header].add(file)
                if file.endswith(".h") and file not in including:
                    new.add(file)
        including.update((header, set()) for header in new)
        asked = new
    return including


def _included(tree: Tree, file: str, data: bytes, headers: Collection[str]) -> Iterator[str]:
    """Return which of some headers a file includes, or may include by a folder of a Makefile."""
    for sign, written in _INCLUDED.findall(data):
        name = written.decode(errors="replace")
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(file), name))
        if sign == b'"' and tree.has(beside):
            if beside in headers:
                yield beside
            continue
        end = "/" + re.sub(r"^(?:\.\./|\./)+", "", name)
        yield from (header for header in headers if f"/{header}".endswith(end))


def _leads_to_source(header: str, including: Mapping[str, set[str]]) -> bool:
    waiting, seen = [header], {header}
    while waiting:
        for file in including.get(waiting.pop(), ()):
            if file.endswith(".c"):
                return True
            if file not in seen:
                seen.add(file)
                waiting.append(file)
    return False
