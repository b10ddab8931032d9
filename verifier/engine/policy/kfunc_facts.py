"""What rules ask of kfuncs on one kernel: flags, sets, subsystems, whose own they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.subsystem import find_foreign_kfuncs, folder_of


class KfuncFacts:
    """One kernel, as rules see it: its decider is asked for when a rule needs it, and not kept."""

    def __init__(self, load: Callable[[], Decider]) -> None:
        self._load = load
        self._foreign: dict[str, frozenset[str]] = {}

    def values(self, part: str, kfunc: str) -> frozenset[str]:
        """Return the flags, sets or subsystems (folders) of a kfunc; none where it is not here."""
        return self._table.get(kfunc, _NOTHING)[part]

    def is_foreign(self, kfunc: str, struct_ops: str) -> bool:
        """Return whether a kfunc is another struct_ops type's own."""
        if struct_ops not in self._foreign:
            found = find_foreign_kfuncs(self._load(), struct_ops)
            self._foreign[struct_ops] = frozenset(found)
        return kfunc in self._foreign[struct_ops]

    @cached_property
    def _table(self) -> dict[str, dict[str, frozenset[str]]]:
        found: dict[str, dict[str, set[str]]] = {}
        for kfunc_set in self._load().facts.sets:
            for entry in kfunc_set.entries:
                row = found.setdefault(entry.kfunc, {part: set() for part in _NOTHING})
                row["flag"].update(entry.flags)
                row["set"].update((kfunc_set.name, kfunc_set.id))
                row["subsystem"].add(folder_of(kfunc_set.place))
        return {
            kfunc: {part: frozenset(values) for part, values in row.items()}
            for kfunc, row in found.items()
        }


_NOTHING: dict[str, frozenset[str]] = {part: frozenset() for part in ("flag", "set", "subsystem")}
