"""Versions of an object in a space, and what changed from one to another."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kfmap.catalogue.snapshot import one_snapshot
from kfmap.reports.formats import list_formats
from kfmap.web.shared.export import export_report
from verifier.engine.reports.version_report import build_version_report
from verifier.records.models import BpfObject
from verifier.records.outcome import load_outcomes
from verifier.records.reporting import load_report
from verifier.records.uploads import spaces_of
from verifier.records.versions import list_versions
from verifier.web.found import object_view


@require_safe
@object_view()
def show_versions(request: HttpRequest, obj: BpfObject) -> HttpResponse:
    """Show what was uploaded under the name of an object, in each space that has it."""
    spaces = [
        (space, list_versions(space, obj.file_name)) for space in spaces_of(obj, request.user)
    ]
    outcomes = load_outcomes(row.object for _, rows in spaces for row in rows)
    context = {
        "object": obj,
        "spaces": [
            (space, [(row, outcomes.get(row.object.pk, [])) for row in rows])
            for space, rows in spaces
        ],
        "section": "uploads",
    }
    return render(request, "verifier/versions.html", context)


@require_safe
@object_view()
@one_snapshot()
def compare_versions(request: HttpRequest, obj: BpfObject, old: str) -> HttpResponse:
    """Show what changed from an older object to this one; ?format= exports it."""
    before = BpfObject.objects.visible_to(request.user).at(old).first()
    if before is None:
        raise Http404
    (was, now), options = load_report([before, obj], request.user)
    if was.summary is None or now.summary is None:
        nothing = {"object": obj, "before": before, "section": "uploads"}
        return render(request, "verifier/since.html", nothing, status=409)
    report = build_version_report(was, now, options)
    if chosen := request.GET.get("format"):
        return export_report(chosen, report)
    context = {
        "object": obj,
        "before": before,
        "report": report,
        "old_origin": was.origin,
        "new_origin": now.origin,
        "formats": list_formats(report),
        "section": "uploads",
    }
    return render(request, "verifier/since.html", context)
