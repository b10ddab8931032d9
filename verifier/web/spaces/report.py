"""The report on all objects of a space, as a download."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from kfmap.catalogue.snapshot import one_snapshot
from verifier.records.report_download import export_report
from verifier.records.reporting import load_space
from verifier.spaces.models import Space
from verifier.spaces.roles import Action
from verifier.web.found import space_view


@require_safe
@space_view(Action.SEE)
@one_snapshot()
def give_report(request: HttpRequest, space: Space) -> HttpResponse:
    """Answer with the report in the format that ?format= names, HTML where it names none."""
    chosen = request.GET.get("format") or "html"
    return export_report(chosen, load_space(space, request.user), f"space-{space.slug}")
