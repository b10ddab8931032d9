"""A cell in which a booted kernel and the map differ, with both reasons side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.verdict import Reason
from kfmap.probe.agreement import Difference
from kfmap.probe.evidence import Evidence
from kfmap.web.shared.links import question_url


@dataclass(frozen=True, slots=True)
class DifferingCell:
    """`reason` is the map's, the line that decides; `said` what the kernel's verifier left."""

    difference: Difference
    reason: Reason | None
    said: str
    url: str


def explain_differences(
    kernel: LoadedKernel, document: Evidence, differences: Iterable[Difference]
) -> Iterator[DifferingCell]:
    """Return each cell with why the map says what it says, and what the kernel said."""
    for item in differences:
        context = replace(item.context, sleepable=False)
        verdict = kernel.decider.decide(context, item.kfunc)
        reason = verdict.reasons[-1] if verdict.reasons else None
        url = question_url(kernel.name, item.where, item.kfunc)
        yield DifferingCell(item, reason, _said(item, document), url)


def _said(item: Difference, document: Evidence) -> str:
    if item.kernel == "D":
        return f"calling kernel function {item.kfunc} is not allowed"
    noted = document.undetermined.get(item.kfunc, "")
    return f"the permission check passed{f' ({noted})' if noted else ''}"
