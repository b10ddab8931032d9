"""The kernels of the map as a page sees them: one query per request, rows and facts kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from django.db import connection

from kfmap.catalogue.kernel_groups import KernelGroup, group_kernels
from kfmap.catalogue.kernel_names import find_by_any_name, find_line, find_newest
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.recent import Recent
from kfmap.catalogue.store import LoadedKernel, load_row
from kfmap.web.shared.not_found import NameNotFound, RulesNotKnown

T = TypeVar("T")
_ASKED = frozenset({"kfunc", "context"})  # what a kernel that was only asked has


@dataclass(frozen=True)
class KernelMap:
    """All kernels of the map; `rows` are oldest first. It is kept: what follows is made once."""

    rows: tuple[Kernel, ...]

    @property
    def names(self) -> list[str]:
        """Return the names of the kernels, oldest first."""
        return [row.name for row in self.rows]

    @cached_property
    def newest(self) -> Kernel | None:
        """Return the newest kernel that was released, else the newest."""
        return find_newest(self.rows)

    @cached_property
    def released(self) -> tuple[Kernel, ...]:
        """Return the kernels that are neither variants nor trees with every option on."""
        return tuple(row for row in self.rows if row.released)

    @cached_property
    def line(self) -> tuple[Kernel, ...]:
        """Return one released kernel per series: what is told from release to release."""
        return tuple(find_line(self.rows))

    @cached_property
    def groups(self) -> tuple[KernelGroup[Kernel], ...]:
        """Return the kernels for lists, newest first: in groups once there are many."""
        return tuple(group_kernels(self.rows[::-1]))

    def row(self, name: str) -> Kernel:
        """Return a kernel's row, by any of its names (6.18.15, newest).

        Raises NameNotFound, with the names that come near.
        """
        found = find_by_any_name(self.rows, name)
        if found is None:
            raise NameNotFound("The map", "kernel", name, self.names[::-1], ("kernel", ()))
        return found

    def load(self, name: str) -> LoadedKernel:
        """Return a kernel ready for questions.

        Raises NameNotFound, with the names that come near.
        """
        return load_row(self.row(name))

    @cached_property
    def identity(self) -> str:
        """A text that changes whenever a kernel, its facts or what is said of it do."""
        return " ".join(
            f"{row.name}:{row.facts_hash}:{row.source}:{row.updated_at}" for row in self.rows
        )


@dataclass(frozen=True, slots=True)
class ThisKernel:
    """The kernel that a page is about, and the map it is in."""

    kernels: KernelMap
    row: Kernel

    @property
    def name(self) -> str:
        """Return the kernel's name."""
        return self.row.name

    @property
    def loaded(self) -> LoadedKernel:
        """Return the kernel ready for questions."""
        return load_row(self.row)

    def find(self, kind: str, name: str, known: Mapping[str, T], view: str) -> T:
        """Return what has this name on this kernel; `view` names the pages of such things.

        Raises NameNotFound, with the names that come near, or RulesNotKnown.
        """
        if name not in known and not self.row.has_rules and kind not in _ASKED:
            raise RulesNotKnown(self.name, f"{kind}s")
        if name not in known:
            raise NameNotFound(f"Linux {self.name}", kind, name, known, (view, (self.name,)))
        return known[name]


_MAPS: Recent[tuple[object, ...], KernelMap] = Recent(4)
_STATE = f"""SELECT id, name, facts_hash, source, label, CAST(updated_at AS TEXT)
FROM {Kernel._meta.db_table} ORDER BY id"""  # noqa: S608 - names of tables, nothing of readers


def load_kernel_map() -> KernelMap:
    """Return the kernels that there are now; their rows are made once while nothing changes.

    A row of `_STATE` has all in which it can differ from the one that is kept.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STATE)
        state = tuple(cursor.fetchall())
    return _MAPS.recall(state, lambda: KernelMap(tuple(Kernel.objects.listed())))
