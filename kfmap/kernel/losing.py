"""What has the form of a kfunc and is registered by nothing that was understood.

A set that no function leads to, and a `__bpf_kfunc` that is in no set, in a file that has none: in
the kernel there is neither, so that one which is there says that something was not read.
(bpf_fentry_test9(), net/bpf/test_run.c, is in no set since 6.12, beside sets that are read.)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from kfmap.kernel.built_files import BuiltFile, LostFile
from kfmap.kernel.code import Code
from kfmap.kernel.facts import (
    UNREAD_DOUBT,
    UNREAD_FILE,
    UNREAD_HEADER,
    UNREAD_KFUNC,
    UNREAD_LOST,
    UNREAD_MAKEFILE,
    VMLINUX,
    Entry,
    Place,
)
from kfmap.kernel.named_sets import REGISTERED_KINDS, NamedSets
from kfmap.kernel.registering import Registered, Touched
from kfmap.kernel.rules.id_sets import find_id_sets
from kfmap.kernel.rules.register_world import REGISTER
from kfmap.kernel.source import Doubt

_MARK = "__bpf_kfunc"
_ID_SET = "btf_kfunc_id_set"
_MATTERS = re.compile(
    r"\bBTF_(?:ID|ID_FLAGS|KFUNCS_START|SET8_START)\b|btf_kfunc_id_set|_initcall\b"
)
_REGISTRATION = re.compile(rf"\b{REGISTER}\s*\(\s*(BPF_PROG_TYPE_\w+)\s*,\s*&\s*(\w+)\s*\)")
_LEADS_OUT = re.compile(r"\b(?:return|goto|break|continue)\b")
_ENTRY = re.compile(r"\bBTF_ID(?:_FLAGS)?\s*\(\s*func\s*,\s*(\w+)")
_KFUNC = re.compile(rf"\b{_MARK}\b")


def add_lost_files(code: Code, lost: Iterable[LostFile], registered: Registered) -> None:
    """Add the sets of files that are perhaps built to what may be registered."""
    for file in lost:
        entries = tuple(
            entry
            for found in find_id_sets(code, file.name)
            if found.kind in REGISTERED_KINDS
            for entry in found.entries
        )
        touched = Touched(VMLINUX, entries or None)
        if file.place is not None:
            registered.add_unread(file.place, UNREAD_MAKEFILE, file.name, touched)
            continue
        text = code.tree.read(file.name) or ""
        call = text.find(REGISTER)
        place = Place(file.name, text.count("\n", 0, max(0, call)) + 1)
        construct = UNREAD_HEADER if file.name.endswith(".h") else UNREAD_FILE
        registered.add_unread(place, construct, file.name, touched)


def add_undecided(
    code: Code,
    files: Iterable[BuiltFile],
    names: NamedSets,
    registered: Registered,
    hooks: Mapping[str, str | None],
) -> None:
    """Add what stands behind an #if that is not decided: both branches may be in the kernel."""
    for file in files:
        source = code.source(file.name)
        for doubt in source.undecided if source else ():
            region = _region(code.tree.lines(file.name), doubt)
            if not (_MATTERS.search(region) or _is_in_registering(code, file.name, doubt)):
                continue
            touched = _touched_in(region, names, file, hooks)
            if touched is None:
                place = Place(file.name, doubt.start)
                written = (Entry(name, (), place) for name in _ENTRY.findall(region))
                beside = (entry for found in names.all_in(file.name) for entry in found.entries)
                touched = Touched(file.owner, (*beside, *written) or None, filters=True)
            place = Place(file.name, doubt.start)
            registered.add_unread(place, UNREAD_DOUBT, f"#if {doubt.expression}", touched)


def _touched_in(
    region: str, names: NamedSets, file: BuiltFile, hooks: Mapping[str, str | None]
) -> Touched | None:
    """Return what calls that register could touch, None where there is more than such calls."""
    rest = _REGISTRATION.sub("", region)
    if rest == region or _MATTERS.search(rest) or _LEADS_OUT.search(rest):
        return None
    entries: list[Entry] = []
    types: set[str | None] = set()
    filters = False
    for call in _REGISTRATION.finditer(region):
        id_set = names.find_kfunc_id_set(call[2], file.name)
        found = names.find(id_set.set, id_set.place.file) if id_set else None
        if id_set is None or found is None:
            return None
        entries += found.entries
        types.add(hooks.get(call[1]))
        filters = filters or bool(id_set.filter)
    known = tuple(sorted(hook for hook in types if hook is not None))
    return Touched(file.owner, tuple(entries), known if None not in types else None, filters)


def _region(lines: Sequence[str], doubt: Doubt) -> str:
    """Return the lines from an #if to its #endif."""
    return "\n".join(lines[doubt.start - 1 : doubt.end - 1])


def _is_in_registering(code: Code, file: str, doubt: Doubt) -> bool:
    """Return whether an #if stands in a kfunc id set, or a function that registers one."""
    return any(
        _ID_SET in item.text and item.line < doubt.start <= item.line_at(len(item.text))
        for item in code.items(file)
    )


def add_lost(
    code: Code,
    files: Iterable[BuiltFile],
    names: NamedSets,
    registered: Registered,
    used: Collection[str],
) -> None:
    """Add what is lost to the registrations; `used` are the sets of registrations and filters."""
    owners = {file.name: file.owner for file in files}
    for found in names.find_unused(used, code):
        touched = Touched(found.owner, found.entries)
        registered.add_unread(found.place, UNREAD_LOST, found.name, touched)
    known = names.entries
    for file, owner in owners.items():
        if names.all_in(file):
            continue
        for item in code.items(file):
            if _MARK not in item.text or not item.function or item.function in known:
                continue
            if _KFUNC.search(item.text, 0, item.brace):
                place = Place(file, item.function_line)
                touched = Touched(owner, (Entry(item.function, (), place),))
                registered.add_unread(place, UNREAD_KFUNC, item.function, touched)
