"""The registrations of a kernel: each call with its hook, its set, its filter and its owner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kfmap.kernel.built_files import BuiltFile
from kfmap.kernel.code import Code
from kfmap.kernel.facts import (
    UNREAD_HOOK,
    UNREAD_SET,
    KfuncSet,
    NotUnderstood,
    Place,
    Registration,
)
from kfmap.kernel.items import Item
from kfmap.kernel.named_sets import NamedSets
from kfmap.kernel.program_extract import FMODRET_HOOK
from kfmap.kernel.rules.registrations import KfuncIdSet, RegisterCall, find_register_calls


@dataclass(slots=True)
class Registered:
    """The registrations, the sets that they name, and the functions that are filters, by id."""

    registrations: list[Registration] = field(default_factory=list)
    sets: dict[str, KfuncSet] = field(default_factory=dict)
    filters: dict[str, Item] = field(default_factory=dict)
    problems: list[NotUnderstood] = field(default_factory=list)


def find_registrations(
    code: Code, files: tuple[BuiltFile, ...], names: NamedSets, hooks: Mapping[str, str | None]
) -> Registered:
    """Return what the files register; `hooks` are those of the program types."""
    found = Registered()
    for file in files:
        for call in find_register_calls(code, file.name):
            if isinstance(call, NotUnderstood):
                found.problems.append(call)
            else:
                _Adding(code, names, hooks, found).add(call, file)
    found.registrations.sort(key=lambda item: (item.place, item.hook))
    return found


@dataclass(frozen=True, slots=True)
class _Adding:
    code: Code
    names: NamedSets
    hooks: Mapping[str, str | None]
    found: Registered

    def add(self, call: RegisterCall, file: BuiltFile) -> None:
        """Add the registration that a call makes, or what is not understood of it."""
        id_set = self.names.find_kfunc_id_set(call.kfunc_id_set, file.name)
        kfunc_set = self.names.find(id_set.set, id_set.place.file) if id_set else None
        if id_set is None or kfunc_set is None:
            self._note(call.place, UNREAD_SET, call.kfunc_id_set)
            return
        self.found.sets[kfunc_set.id] = kfunc_set
        hook = self.hooks.get(call.program_type) if call.program_type else FMODRET_HOOK
        if hook is None:
            self._note(call.place, UNREAD_HOOK, call.program_type)
            return
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
