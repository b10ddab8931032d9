"""The kernels of the map as a page sees them: one query a request, facts from the cache."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.models.kernel import find_newest
from kfmap.catalogue.store import LoadedKernel, load_row
from kfmap.web.shared.not_found import NameNotFound


@dataclass(frozen=True, slots=True)
class Atlas:
    """`rows` are oldest first."""

    rows: tuple[Kernel, ...]

    @property
    def names(self) -> list[str]:
        """Return the names of the kernels, oldest first."""
        return [row.name for row in self.rows]

    @property
    def newest(self) -> Kernel | None:
        """Return the newest kernel that was released, else the newest."""
        return find_newest(self.rows)

    @property
    def released(self) -> list[Kernel]:
        """Return the kernels that are neither variants nor trees with every option on."""
        return [row for row in self.rows if row.released]

    def row(self, name: str) -> Kernel:
        """Return a kernel's row. Raises NameNotFound."""
        found = next((row for row in self.rows if row.name == name), None)
        if found is None:
            raise NameNotFound("The map", "kernel", name, self.names, ("kernel", ()))
        return found

    def load(self, name: str) -> LoadedKernel:
        """Return a kernel ready for questions. Raises NameNotFound."""
        return load_row(self.row(name))

    def load_all(self) -> Iterator[LoadedKernel]:
        """Return all kernels, oldest first."""
        return (load_row(row) for row in self.rows)

    def identity(self) -> str:
        """Return a text that changes whenever a kernel, its facts or what is said of it do."""
        return " ".join(f"{row.name}:{row.facts_hash}:{row.updated_at}" for row in self.rows)


def load_atlas() -> Atlas:
    """Read which kernels there are."""
    return Atlas(tuple(Kernel.objects.listed()))
