"""Kernels for commands: those that come with kfmap, and those of the map where there is one.

A kernel of the map goes before a bundled one of the same name: somebody imported it. Django is
loaded only where the database has kernels that are not bundled.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

from kfmap.btf.function_names import FunctionNames
from kfmap.btf.read import Btf
from kfmap.catalogue.bundled_kernels import LoadedBundled, find_bundled
from kfmap.catalogue.bundled_names import read_bundled_names
from kfmap.catalogue.kernel_names import find_by_any_name
from kfmap.catalogue.kernel_order import oldest_first
from kfmap.cli.commands import CommandFailedError
from kfmap.kernel.facts import AS_CONFIGURED, KernelFacts
from kfmap.kernel.facts_json import FactsOutline
from kfmap.kernel.known_names import KnownNames, collect_names
from kfmap.permission.decide import Decider
from kfmap.quick_dataclass import dataclass
from kfmap.server.data_dir import choose_data_dir

_TABLE = "catalogue_kernel"
_HAS_TABLE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'catalogue_kernel'"
_HAS_OWN = "SELECT 1 FROM catalogue_kernel WHERE source <> 'bundled' LIMIT 1"


class AskedKernel(Protocol):
    """What commands ask of a kernel, whether it comes from files or from the map."""

    @property
    def name(self) -> str: ...
    @property
    def facts(self) -> KernelFacts: ...
    @property
    def outline(self) -> FactsOutline: ...
    @property
    def decider(self) -> Decider: ...
    @property
    def types(self) -> Btf | None: ...
    @property
    def options(self) -> Mapping[str, str] | None: ...
    @property
    def functions(self) -> FunctionNames | None: ...


def load_kernels(names: Sequence[str] = ()) -> list[AskedKernel]:
    """Return the kernels of these names in their order; all, oldest first, where none is named.

    A name is any that the kernel has: 6.18, 6.18.15, 7.3.4+deb13-amd64, newest.

    Raises CommandFailedError naming the kernels there are.
    """
    known = load_by_name()
    return [_find(known, name) for name in names] or [item.kernel for item in known]


def load_by_name() -> list[KernelByName]:
    """Return all kernels, oldest first, with what they are found by."""
    cache = _data_dir() / "cache"
    kernels: dict[str, AskedKernel] = {}
    for bundled in find_bundled():
        kernels[bundled.name] = bundled.load(cache)
    kernels |= _of_the_map()
    return oldest_first(map(KernelByName, kernels.values()))


def no_such_kernel(name: str, known: Sequence[KernelByName]) -> CommandFailedError:
    """Return the error for a kernel that there is not."""
    there = ", ".join(item.name for item in reversed(known))
    return CommandFailedError(f"There is no kernel {name!r}; there are {there}.")


def load_kernel(name: str) -> AskedKernel:
    """Return one kernel. Raises CommandFailedError naming the kernels there are."""
    return load_kernels([name])[0]


def load_known_names() -> KnownNames:
    """Return the names that any kernel has; few objects ask for one that theirs has not."""
    kernels = load_kernels()
    if all(isinstance(kernel, LoadedBundled) for kernel in kernels):
        return read_bundled_names()
    return collect_names(kernel.outline for kernel in kernels)


@dataclass(frozen=True, slots=True)
class KernelByName:
    """A kernel with what it is found by; its outline is read when more than its name is asked."""

    kernel: AskedKernel

    @property
    def name(self) -> str:
        return self.kernel.name

    @property
    def version(self) -> str:
        return self.kernel.outline.version

    @property
    def label(self) -> str:
        return self.kernel.outline.origin.label

    @property
    def released(self) -> bool:
        outline = self.kernel.outline
        return not outline.is_observed and outline.origin.profile == AS_CONFIGURED


def _find(known: Sequence[KernelByName], name: str) -> AskedKernel:
    found = find_by_any_name(known, name)
    if found is None:
        raise no_such_kernel(name, known)
    return found.kernel


def load_others(kernel: AskedKernel) -> Iterator[Decider]:
    """Return the deciders of the other released kernels, newest first, each when it is asked."""
    for other in reversed(load_kernels()):
        if KernelByName(other).released and other.name != kernel.name:
            yield other.decider


def _of_the_map() -> dict[str, AskedKernel]:
    """Return the kernels of the database that are not bundled ones."""
    if not _django_runs():
        if not _may_have_own_kernels():
            return {}
        _start_django()
    from django.db import DatabaseError, connection

    from kfmap.catalogue.models import Kernel
    from kfmap.catalogue.store import load_row

    try:
        if _TABLE not in connection.introspection.table_names():
            return {}
        rows = list(Kernel.objects.listed().exclude(source=Kernel.Source.BUNDLED))
    except DatabaseError as error:
        sys.stderr.write(f"Only bundled kernels are used: the map cannot be read ({error}).\n")
        return {}
    return {row.name: load_row(row) for row in rows}


def _django_runs() -> bool:
    return "django.apps" in sys.modules and sys.modules["django.apps"].apps.ready


def _start_django() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kfmap.settings")
    django.setup()


def _may_have_own_kernels() -> bool:
    """Look into SQLite without Django; of any other database only Django can tell."""
    address = os.environ.get("DATABASE_URL", "")
    if address:
        return True
    return _has_own_kernels(_data_dir() / "kfmap.sqlite3")


def _data_dir() -> Path:
    return choose_data_dir(os.environ.get("KFMAP_DATA_DIR", ""))


def _has_own_kernels(database: Path) -> bool:
    if not database.exists():
        return False
    import sqlite3  # takes a tenth of a short command's time

    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return all(connection.execute(query).fetchone() for query in (_HAS_TABLE, _HAS_OWN))
    except sqlite3.Error:
        return True  # Django says what is wrong with it
