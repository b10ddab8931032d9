"""Store the rows of kernels, and load what pages need of them; what is missing is made.

Rows are written when a kernel comes into the map, and by the first page that finds none: after an
update of kfmap those of the new engine are made beside those that an older process still reads.
Those of bundled kernels come with kfmap, so that the first page does not wait for their making.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q

from kfmap.btf.function_names import FunctionNames
from kfmap.catalogue.damage import DamagedBundleError
from kfmap.catalogue.database import with_a_short_wait
from kfmap.catalogue.kept_parts import load_functions
from kfmap.catalogue.models import ContextRow, FunctionRow, Kernel, KernelRows, MapName
from kfmap.catalogue.recent import Recent
from kfmap.catalogue.rows.build import (
    BuiltContext,
    BuiltFunction,
    BuiltRows,
    Families,
    build_kernel_rows,
)
from kfmap.catalogue.rows.bundled import read_bundled_rows
from kfmap.catalogue.rows.names import Name, NameKind
from kfmap.catalogue.store import load_row
from kfmap.permission.engine import ENGINE_VERSION

log = logging.getLogger(__name__)
_BATCH = 500
_unstored: Recent[str, BuiltRows] = Recent(16)  # where the database takes none, by facts


@dataclass(frozen=True, slots=True)
class KeptRows:
    """What is needed of a kernel for every page; `built` has the rest where nothing is stored."""

    id: int
    families: Families
    absent: str
    knows_helpers: bool
    parts: Mapping[str, Sequence[str]]
    names: int
    built: BuiltRows | None = field(default=None, repr=False)


_headers: Recent[tuple[str, int], KeptRows] = Recent(1024)  # some kilobytes each


def load_kept(kernels: Sequence[Kernel]) -> dict[str, KeptRows]:
    """Return the rows of kernels by the hash of their facts; those that were missing are made."""
    hashes = {kernel.facts_hash for kernel in kernels}
    stored = KernelRows.objects.filter(engine_version=ENGINE_VERSION, facts_hash__in=hashes)
    ids = dict(stored.values_list("facts_hash", "pk"))
    found: dict[str, KeptRows] = {}
    for facts_hash, pk in ids.items():
        if (kept := _headers.get((facts_hash, pk))) is not None:
            found[facts_hash] = kept
    left = [pk for facts_hash, pk in ids.items() if facts_hash not in found]
    for row in KernelRows.objects.filter(pk__in=left) if left else ():
        found[row.facts_hash] = _remember(row)
    for kernel in kernels:
        if kernel.facts_hash not in found:
            found[kernel.facts_hash] = _make(kernel)
    return found


def keep_rows() -> None:
    """Store the rows of all kernels of the map that have none, and remove those of none."""
    kernels = list(Kernel.objects.listed())
    load_kept(kernels)
    for kernel in kernels:
        with transaction.atomic():
            _keep_plain_functions(kernel)
    _drop_old_rows()


def _keep_plain_functions(kernel: Kernel) -> None:
    """Store which functions of a kernel are kfuncs of others only: a call of them is refused."""
    kfuncs = sorted(MapName.objects.filter(kind=NameKind.KFUNC).values_list("name", flat=True))
    digest = hashlib.sha256("\n".join(kfuncs).encode()).hexdigest()
    rows = KernelRows.objects.filter(engine_version=ENGINE_VERSION, facts_hash=kernel.facts_hash)
    row = rows.exclude(functions_of=digest).first()
    try:
        data = load_functions(kernel.name, kernel.facts_hash) if row else None
    except DamagedBundleError as error:
        log.error("%s", error)
        return
    if row is None or data is None:
        return
    names = FunctionNames(data)
    left = set(kfuncs).difference(row.functions.values_list("name", flat=True))
    FunctionRow.objects.bulk_create(
        [
            FunctionRow(of=row, name=name, kind=FunctionRow.Kind.FUNCTION)
            for name in sorted(left)
            if names.has(name)
        ],
        batch_size=_BATCH,
    )
    row.functions_of = digest
    row.save(update_fields=["functions_of"])


def _drop_old_rows() -> None:
    """Remove the rows that no kernel of the map has, and those of engines before the last one."""
    left = Kernel.objects.values("facts_hash")
    old = KernelRows.objects.filter(
        ~Q(facts_hash__in=left) | Q(engine_version__lt=ENGINE_VERSION - 1)
    )
    if old.exists():  # a start writes nothing where there is nothing to do
        old.delete()


def _make(kernel: Kernel) -> KeptRows:
    built = _unstored.get(kernel.facts_hash)
    if built is None:
        built = read_bundled_rows(kernel.facts_hash) or build_kernel_rows(load_row(kernel))
    try:
        with with_a_short_wait(), transaction.atomic():
            row = store_rows(kernel.facts_hash, built)
        return _remember(row)
    except IntegrityError:  # another process was quicker
        rows = KernelRows.objects.filter(
            engine_version=ENGINE_VERSION, facts_hash=kernel.facts_hash
        )
        if (found := rows.first()) is not None:
            return _remember(found)
    except DatabaseError as error:
        log.warning("the rows of kernel %s are not kept: %s", kernel.name, error)
    _unstored.put(kernel.facts_hash, built)
    return KeptRows(
        0,
        built.families,
        built.absent,
        built.knows_helpers,
        built.parts,
        0,
        built,
    )


def _remember(row: KernelRows) -> KeptRows:
    families = tuple(  # JSON has no numbers as keys
        (name, {int(at): count for at, count in counts.items()}) for name, counts in row.families
    )
    kept = KeptRows(row.pk, families, row.absent, row.knows_helpers, row.parts, int(row.names, 16))
    _headers.put((row.facts_hash, row.pk), kept)
    return kept


def store_rows(facts_hash: str, built: BuiltRows) -> KernelRows:
    """Write the rows that were built of these facts, in the transaction of the caller."""
    row = KernelRows.objects.create(
        facts_hash=facts_hash,
        engine_version=ENGINE_VERSION,
        families=[(name, dict(counts)) for name, counts in built.families],
        names=f"{_store_names(built.names):x}",
        parts=dict(built.parts),
        absent=built.absent,
        knows_helpers=built.knows_helpers,
    )
    FunctionRow.objects.bulk_create(
        [_function_row(row, name, item) for name, item in built.functions.items()],
        batch_size=_BATCH,
    )
    ContextRow.objects.bulk_create(
        [_context_row(row, name, item) for name, item in built.contexts.items()],
        batch_size=_BATCH,
    )
    return row


def _function_row(of: KernelRows, name: str, item: BuiltFunction) -> FunctionRow:
    return FunctionRow(
        of=of,
        name=name,
        kind=item.kind,
        flags=" ".join(item.flags),
        prototype=item.prototype,
        letters=item.letters,
    )


def _context_row(of: KernelRows, name: str, item: BuiltContext) -> ContextRow:
    return ContextRow(
        of=of,
        name=name,
        listed=item.listed,
        at=item.at,
        allowed=item.allowed,
        asleep=item.asleep,
        fails=item.fails,
        unknown=item.unknown,
    )


def _store_names(names: frozenset[Name]) -> int:
    """Keep the names that no kernel had before; return all of them as a set of ids."""
    known = {Name(*rest): pk for pk, *rest in _all_names()}
    new = [
        MapName(kind=kind, name=name, detail=detail) for kind, name, detail in names - known.keys()
    ]
    if new:
        MapName.objects.bulk_create(new, batch_size=_BATCH, ignore_conflicts=True)
        known = {Name(*rest): pk for pk, *rest in _all_names()}
    found = 0
    for name in names:
        found |= 1 << known[name]
    return found


def _all_names() -> Iterable[tuple[int, str, str, str]]:
    return MapName.objects.values_list("pk", "kind", "name", "detail")
