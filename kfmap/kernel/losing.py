"""What has the form of a kfunc and is registered by nothing that was understood.

A set that no function leads to, and a `__bpf_kfunc` that is in no set, in a file that has none: in
the kernel there is neither, so that one which is there says that something was not read.
(bpf_fentry_test9(), net/bpf/test_run.c, is in no set since 6.12, beside sets that are read.)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from kfmap.kernel.built_files import BuiltFile
from kfmap.kernel.code import Code
from kfmap.kernel.facts import UNREAD_KFUNC, UNREAD_LOST, Entry, Place
from kfmap.kernel.named_sets import NamedSets
from kfmap.kernel.registering import Registered, Touched

_KFUNC = re.compile(r"\b__bpf_kfunc\b")


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
            head = item.text[: item.brace] if item.function else ""
            if item.function not in known and _KFUNC.search(head):
                place = Place(file, item.function_line)
                touched = Touched(owner, (Entry(item.function, (), place),))
                registered.add_unread(place, UNREAD_KFUNC, item.function, touched)
