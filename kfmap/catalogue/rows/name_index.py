"""Which kernels have which names: for search, for suggestions, and for names that none has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Count, Max

from kfmap.catalogue.models import Kernel, MapName
from kfmap.catalogue.recent import Recent
from kfmap.catalogue.rows.keep import load_kept
from kfmap.catalogue.rows.names import Name, NameKind


@dataclass(frozen=True)
class _Stored:
    """The number of every name, and the names of each kind."""

    numbers: Mapping[Name, int]

    @cached_property
    def of_kind(self) -> Mapping[str, Sequence[tuple[Name, int]]]:
        found: dict[str, list[tuple[Name, int]]] = {}
        for name, number in self.numbers.items():
            found.setdefault(name.kind, []).append((name, number))
        return found


_stored: Recent[tuple[int, int], _Stored] = Recent(2)


class NameIndex:
    """The names of some kernels, which are given oldest first."""

    def __init__(self, kernels: Sequence[Kernel]) -> None:
        self.kernels = tuple(kernels)
        self._kept = load_kept(self.kernels)  # before the names: rows that are made bring some

    def find(self, kind: NameKind, fits: Callable[[Name], bool]) -> dict[str, int]:
        """Return the names that fit, each with the set of the kernels that have it."""
        found: dict[str, int] = {}
        for name, number in self._of_kind.get(kind, ()):
            if fits(name) and (having := self._having(number)):
                found[name.name] = found.get(name.name, 0) | having
        return found

    def list_kernels(self, having: int) -> list[str]:
        """Return the names of the kernels in a set, oldest first."""
        return [row.name for at, row in enumerate(self.kernels) if having >> at & 1]

    def list_newest(self, kinds: Sequence[NameKind]) -> Iterator[tuple[Name, str]]:
        """Yield every name of some kinds with the newest kernel that has it, newest first."""
        seen = 0
        wanted = {number: name for kind in kinds for name, number in self._of_kind.get(kind, ())}
        for row, names in zip(reversed(self.kernels), reversed(self._sets), strict=True):
            new = names & ~seen
            seen |= names
            yield from ((name, row.name) for at, name in wanted.items() if new >> at & 1)

    def _having(self, number: int) -> int:
        return sum((names >> number & 1) << at for at, names in enumerate(self._sets))

    @cached_property
    def _sets(self) -> tuple[int, ...]:
        """Return the names of each kernel as a set of numbers."""
        return tuple(
            self._number(item.built.names) if item.built else item.names
            for item in (self._kept[row.facts_hash] for row in self.kernels)
        )

    def _number(self, names: frozenset[Name]) -> int:
        """Return names that are stored nowhere as a set; those nobody else has are left out."""
        known = _load_names().numbers
        return sum(1 << known[name] for name in names if name in known)

    @cached_property
    def _of_kind(self) -> Mapping[str, Sequence[tuple[Name, int]]]:
        return _load_names().of_kind


def _load_names() -> _Stored:
    """Return all names with their numbers; they are read anew when one has come or gone."""
    counted = MapName.objects.aggregate(count=Count("pk"), last=Max("pk"))
    state = counted["count"], counted["last"] or 0
    known = _stored.get(state)
    if known is None:
        rows = MapName.objects.values_list("pk", "kind", "name", "detail")
        known = _Stored({Name(*rest): pk for pk, *rest in rows})
        _stored.put(state, known)
    return known
