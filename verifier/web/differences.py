"""The queue of differences: where booted kernels contradict kfmap, with both reasons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kfmap.catalogue.models import Kernel
from kfmap.evidence.models import Evidence
from kfmap.evidence.store import Kept, load_evidence
from kfmap.web.evidence.differing import DifferingCell, explain_differences
from verifier.guests.models import Opinion
from verifier.guests.store import load_opinions
from verifier.opinions.agreement import Agreement, ComparedProgram
from verifier.records.models import BpfObject
from verifier.records.store import load_checks
from verifier.spaces.access import Reader

_MOST_OBJECTS = 50
_MOST_EVIDENCE = 20
_MOST_CELLS = 50


@dataclass(frozen=True, slots=True)
class DifferingProgram:
    """A program on which a kernel and kfmap contradict; `ours` is why kfmap says what it says."""

    object: BpfObject
    compared: ComparedProgram
    ours: str


@dataclass(frozen=True, slots=True)
class DifferingEvidence:
    """Evidence with the first cells that differ from the map as it is now."""

    kept: Kept
    cells: list[DifferingCell]


@login_required
@require_safe
def show_differences(request: HttpRequest) -> HttpResponse:
    """Show what is to be looked into, objects first."""
    programs = list(_find_programs(request.user))
    context = {
        "programs": programs,
        "asked": bool(programs) or Opinion.objects.current().exists(),
        "evidence": list(_find_evidence()),
        "section": "uploads",
    }
    return render(request, "verifier/differences.html", context)


def _find_programs(reader: Reader) -> Iterator[DifferingProgram]:
    rows = Opinion.objects.current().filter(differing__gt=0).values("object")
    for obj in BpfObject.objects.visible_to(reader).filter(pk__in=rows)[:_MOST_OBJECTS]:
        for opinion in load_opinions(obj):
            for item in opinion.programs:
                if item.agreement == Agreement.DIFFERS:
                    yield DifferingProgram(obj, item, _our_reason(obj, item))


def _our_reason(obj: BpfObject, item: ComparedProgram) -> str:
    kernels = Kernel.objects.listed().filter(name=item.kernel)
    for check in load_checks(obj, kernels).values():
        for verdict in check.programs:
            if verdict.program == item.program and verdict.findings:
                reasons = verdict.findings[0].reasons
                return reasons[-1].full_text if reasons else ""
    return ""


def _find_evidence() -> Iterator[DifferingEvidence]:
    latest: set[str] = set()
    for row in Evidence.objects.exclude(kernel="").order_by("-pk")[:_MOST_EVIDENCE]:
        if row.release in latest:
            continue
        latest.add(row.release)
        kept = load_evidence(row)
        if kept.kernel is None or kept.comparison is None or not kept.comparison.differences:
            continue
        shown = kept.comparison.differences[:_MOST_CELLS]
        yield DifferingEvidence(kept, list(explain_differences(kept.kernel, kept.document, shown)))
