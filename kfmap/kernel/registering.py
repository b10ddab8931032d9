"""The registrations of a kernel: each call with its hook, its set, its filter and its owner.

What may register and was not understood is kept with all that it could touch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from kfmap.kernel.built_files import Built, BuiltFile
from kfmap.kernel.code import Code
from kfmap.kernel.facts import (
    UNREAD_ENTRY,
    UNREAD_HOOK,
    UNREAD_SET,
    UNREAD_USE,
    UNREAD_WRITTEN,
    Entry,
    KfuncSet,
    NotUnderstood,
    Place,
    Registration,
    SetKind,
    UnreadRegistration,
)
from kfmap.kernel.handed_on import HandedOn, find_handed_on
from kfmap.kernel.items import Item
from kfmap.kernel.named_sets import REGISTERED_KINDS, NamedSets
from kfmap.kernel.program_extract import FMODRET_HOOK
from kfmap.kernel.rules.hooks import BTF_C
from kfmap.kernel.rules.kfunc_id_sets import KfuncIdSet
from kfmap.kernel.rules.register_world import REGISTER
from kfmap.kernel.rules.registrations import RegisterCall, RegisterReader
from kfmap.quick_dataclass import dataclass, field, replace

BTF_H = "include/linux/btf.h"
_FILTER = re.compile(r"(?:\.|->)\s*filter\s*=(?!=)")


@dataclass(slots=True)
class Registered:
    """The registrations, the sets that they name, and the functions that are filters, by id.

    `entries` are those of all sets that are registered, or may be, with the owner of the table.
    """

    registrations: list[Registration] = field(default_factory=list)
    sets: dict[str, KfuncSet] = field(default_factory=dict)
    filters: dict[str, Item] = field(default_factory=dict)
    problems: list[NotUnderstood] = field(default_factory=list)
    unread: list[UnreadRegistration] = field(default_factory=list)
    entries: list[tuple[Entry, str]] = field(default_factory=list)

    def add_unread(
        self,
        place: Place,
        construct: str,
        text: str,
        touched: Touched,
    ) -> None:
        """Keep what was not understood."""
        kfuncs = None
        if touched.entries is not None:
            kfuncs = tuple(dict.fromkeys(entry.kfunc for entry in touched.entries))
        self.problems.append(NotUnderstood(place, construct, text))
        self.unread.append(
            UnreadRegistration(
                place,
                construct,
                text,
                touched.owner,
                kfuncs,
                touched.hooks,
                touched.filters,
                touched.removes,
            )
        )
        self.entries += [(entry, touched.owner) for entry in touched.entries or ()]


@dataclass(frozen=True, slots=True)
class Touched:
    """What a registration could touch: entries of sets, None for any; hooks, None for any.

    `removes`: what registers them may be undone.
    """

    owner: str
    entries: tuple[Entry, ...] | None = None
    hooks: tuple[str, ...] | None = None
    filters: bool = False
    removes: bool = False


def find_registrations(
    code: Code, built: Built, names: NamedSets, hooks: Mapping[str, str | None]
) -> Registered:
    """Return what the built files register; `hooks` are those of the program types."""
    found = Registered()
    adding = _Adding(code, names, hooks, found, _needs_mark(code), _has_pairs(code))
    reader = RegisterReader(code, built.names, built.has)
    calls = reader.read()
    owners = {file.name: file.owner for file in built.files}
    for file in built.files:
        for call in calls[file.name]:
            adding.add(call, file)
    sets = {file: [found.name for found in names.all_in(file)] for file in owners}
    for handed in find_handed_on(code, sets, reader.followed):
        adding.add_handed_on(handed, owners[handed.place.file])
    for place, text in names.unread_flags():
        found.problems.append(NotUnderstood(place, "flags of a kfunc", text))
    found.registrations.sort(key=lambda item: (item.place, item.hook))
    return found


def _needs_mark(code: Code) -> bool:
    """Return whether only sets of BTF_KFUNCS_START are registered.

    register_btf_kfunc_id_set() asks for BTF_SET8_KFUNCS since "bpf: treewide: Annotate BPF kfuncs
    in BTF" (6.9).
    """
    item = code.function(REGISTER, BTF_C)
    return item is not None and "BTF_SET8_KFUNCS" in item.text


def _has_pairs(code: Code) -> bool:
    """Return whether a set that is registered is one of ids with flags.

    struct btf_kfunc_id_set has a btf_id_set8 since "bpf: Switch to new kfunc flags infrastructure"
    (6.0).
    """
    return "btf_id_set8" in (code.tree.read(BTF_H) or "")


@dataclass(frozen=True, slots=True)
class _Adding:
    code: Code
    names: NamedSets
    hooks: Mapping[str, str | None]
    found: Registered
    needs_mark: bool
    has_pairs: bool

    def add(self, call: RegisterCall, file: BuiltFile) -> None:
        """Add the registration that a call makes, or what is not understood of it."""
        id_set = self._kfunc_id_set(call)
        kfunc_set = self.names.find(id_set.set, id_set.place.file) if id_set else None
        is_written = id_set is not None and not call.made and bool(id_set.writers)
        if call.unread or id_set is None or kfunc_set is None or is_written:
            written = UNREAD_WRITTEN if is_written else UNREAD_SET
            construct = call.unread or written
            self._add_unread(call, file, construct, None if is_written else id_set)
            return
        if self._is_of_wrong_kind(call, file, kfunc_set, id_set):
            return
        kfunc_set = self._with_flags(kfunc_set, id_set)
        self.found.sets[kfunc_set.id] = kfunc_set
        hook = self.hooks.get(call.program_type) if call.program_type else FMODRET_HOOK
        if hook is None:
            self._note(call.place, UNREAD_HOOK, call.program_type or "")
            return
        self.found.entries += [(entry, file.owner) for entry in kfunc_set.entries]
        for place, text in self.names.unread_in(kfunc_set):
            self.found.add_unread(place, UNREAD_ENTRY, text, Touched(file.owner, None, (hook,)))
        self.found.registrations.append(
            Registration(
                call.program_type or "BPF_PROG_TYPE_TRACING",
                hook,
                kfunc_set.id,
                self._filter_id(id_set),
                file.owner,
                id_set.name,
                call.place,
                id_set.place,
            )
        )

    def _is_of_wrong_kind(
        self, call: RegisterCall, file: BuiltFile, found: KfuncSet, id_set: KfuncIdSet
    ) -> bool:
        """Return whether the kernel would not register a set as it is; then that is noted."""
        if found.kind not in REGISTERED_KINDS and self.has_pairs and not id_set.flag_sets:
            lacking, entries = "flags", found.entries
        elif found.kind is SetKind.SET8 and call.program_type and self.needs_mark:
            # register_btf_kfunc_id_set() gives -EINVAL, and what is registered after it may not be.
            lacking = "BTF_SET8_KFUNCS"
            entries = tuple(e for item in self.names.all_in(file.name) for e in item.entries)
        else:
            return False
        touched = Touched(file.owner, entries, None)
        self.found.add_unread(call.place, UNREAD_SET, f"{found.name} has no {lacking}", touched)
        return True

    def add_handed_on(self, handed: HandedOn, owner: str) -> None:
        """Add what a call that is not followed may register, or take away."""
        file = handed.place.file
        id_set = self.names.find_kfunc_id_set(handed.name, file)
        name, near = (id_set.set, id_set.place.file) if id_set else (handed.name, file)
        kfunc_set = self.names.find(name, near)
        entries = kfunc_set.entries if kfunc_set else None
        filters = kfunc_set is None or bool(id_set and id_set.filter)
        touched = Touched(owner, entries, self._hooks(handed.program_type), filters, removes=True)
        self.found.add_unread(handed.place, UNREAD_USE, handed.call, touched)

    def _with_flags(self, found: KfuncSet, id_set: KfuncIdSet) -> KfuncSet:
        """Return the set with the flags that the other sets of its kfunc id set stand for."""
        if not id_set.flag_sets:
            return found
        flags: dict[str, list[str]] = {}
        for flag, name in id_set.flag_sets:
            other = self.names.find(name, id_set.place.file)
            if other is None:
                touched = Touched(found.owner, found.entries)
                self.found.add_unread(id_set.place, UNREAD_SET, name, touched)
                continue
            for entry in other.entries:
                flags.setdefault(entry.kfunc, []).append(flag)
        entries = tuple(
            replace(entry, flags=(*entry.flags, *flags.get(entry.kfunc, ())))
            for entry in found.entries
        )
        made = replace(found, entries=entries)
        known = self.found.sets.get(made.id, made)
        return made if known == made else replace(made, id=f"{made.id}@{id_set.name}")

    def _kfunc_id_set(self, call: RegisterCall) -> KfuncIdSet | None:
        """Return the kfunc id set of a call; one that others fill in is not known from here."""
        named = self.names.find_kfunc_id_set(call.name, call.file) if call.name else None
        if call.made is not None:
            others = set(named.writers) - call.executed if named else ()
            return named if others else call.made
        return named

    def _add_unread(
        self, call: RegisterCall, file: BuiltFile, construct: str, id_set: KfuncIdSet | None
    ) -> None:
        kfunc_set = self.names.find(id_set.set, id_set.place.file) if id_set else None
        if kfunc_set is not None and id_set is not None:
            entries: tuple[Entry, ...] | None = kfunc_set.entries
            filters = bool(id_set.filter)
        else:
            seen = () if construct == UNREAD_SET and call.name else self.names.all_in(file.name)
            entries = tuple(entry for item in seen for entry in item.entries) or None
            source = self.code.source(file.name)
            filters = source is not None and _FILTER.search(source.code) is not None
        hooks = self._hooks(call.program_type)
        text = call.text or call.name
        self.found.add_unread(
            call.place, construct, text, Touched(file.owner, entries, hooks, filters)
        )

    def _hooks(self, program_type: str | None) -> tuple[str, ...] | None:
        if program_type == "":
            return (FMODRET_HOOK,)
        hook = self.hooks.get(program_type) if program_type else None
        return None if hook is None else (hook,)

    def _filter_id(self, id_set: KfuncIdSet) -> str:
        """Return the id of a set's filter; two files may have static filters of one name."""
        name = id_set.filter
        if not name:
            return ""
        item = self.code.function(name, id_set.place.file)
        if item is None:
            self._note(id_set.place, "filter", name)
            return name
        is_first = self.found.filters.get(name, item) is item
        id_ = name if is_first else f"{name}@{item.file}"
        self.found.filters[id_] = item
        return id_

    def _note(self, place: Place, construct: str, text: str) -> None:
        self.found.problems.append(NotUnderstood(place, construct, text))
