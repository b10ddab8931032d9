"""Find types by name: exactly, or by essential name as CO-RE does."""

from __future__ import annotations

from functools import cached_property

from kfmap.btf.flavor import essential_name


class Names:
    """An index of types by name; "" is no name."""

    def __init__(self, names: list[str], ids: list[int]) -> None:
        """Take the names of the types with these ids, rising."""
        self._first: dict[str, int] = {}
        self._others: dict[str, list[int]] = {}
        keep = self._first.setdefault
        again = [(name, i) for name, i in zip(names, ids, strict=True) if keep(name, i) != i]
        for name, type_id in again:
            self._others.setdefault(name, []).append(type_id)
        self._first.pop("", None)

    def ids(self, name: str) -> tuple[int, ...]:
        """Return the ids of all types with that name, rising."""
        first = self._first.get(name)
        return () if first is None else (first, *self._others.get(name, ()))

    def flavors(self, name: str) -> tuple[int, ...]:
        """Return the ids of all types with the same essential name as `name`, rising."""
        essential = essential_name(name)
        flavored = self._flavored.get(essential, ())
        if essential_name(essential) != essential:  # a type of that very name has another one
            return tuple(sorted(flavored))
        return tuple(sorted((*self.ids(essential), *flavored)))

    @cached_property
    def _flavored(self) -> dict[str, list[int]]:
        """Essential name → ids of the types that have a `___suffix`, which are few in a kernel."""
        flavored: dict[str, list[int]] = {}
        for name in self._first:
            if "___" in name and (essential := essential_name(name)) != name:
                flavored.setdefault(essential, []).extend(self.ids(name))
        return flavored
