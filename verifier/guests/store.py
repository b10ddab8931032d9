"""Stored opinions beside stored verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from django.db import transaction

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import load_row
from verifier.engine.reports import CheckedObject
from verifier.engine.reports.model import ReportOptions
from verifier.guests.models import Opinion
from verifier.opinions.agreement import Agreement, compare
from verifier.opinions.compared import ComparedOpinion
from verifier.records.models import BpfObject
from verifier.records.store import load_checks

Report = tuple[list[CheckedObject], ReportOptions]


def load_opinions(obj: BpfObject) -> list[ComparedOpinion]:
    """Return the latest opinion of each kernel beside the verdicts, kernels newest first.

    How many programs contradict is noted in the rows, for the list of differences.
    """
    rows = {row.kernel: row for row in Opinion.objects.current().filter(object=obj)}
    if not rows:
        return []
    kernels = [kernel for kernel in Kernel.objects.newest_first() if kernel.name in rows]
    checks = load_checks(obj, kernels)
    verdicts = {
        kernel.name: checks[kernel.facts_hash].programs
        for kernel in kernels
        if kernel.facts_hash in checks
    }
    by_name = {kernel.name: kernel for kernel in kernels}
    found = []
    for name in [*by_name, *(rows.keys() - by_name.keys())]:
        opinion = rows[name].read()
        knows_returns = partial(_knows_returns, by_name.get(name))
        compared = ComparedOpinion(opinion, compare(opinion, verdicts.get(name, ()), knows_returns))
        _note_differing(rows[name], compared)
        found.append(compared)
    return found


def _knows_returns(kernel: Kernel | None) -> bool:
    return kernel is not None and bool(load_row(kernel).facts.return_ranges)


def add_opinions(report: Report, objects: Sequence[BpfObject]) -> Report:
    """Return what renderers of reports take, with the opinions that are stored of its objects.

    `objects` are those of the report, in its order.
    """
    checked, options = report
    found = [
        replace(item, opinions=tuple(load_opinions(obj)))
        for item, obj in zip(checked, objects, strict=True)
    ]
    return found, options


def _note_differing(row: Opinion, compared: ComparedOpinion) -> None:
    differing = sum(item.agreement == Agreement.DIFFERS for item in compared.programs)
    if differing != row.differing:
        same = Opinion.objects.filter(pk=row.pk)
        # A page reads within a transaction in which PostgreSQL lets nobody write.
        transaction.on_commit(lambda: same.update(differing=differing))
