"""The audit trail of a space, for those who maintain it: a page, CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kfmap.safe_text.csv_rows import render_csv
from verifier.spaces.models import AuditEntry, Space
from verifier.spaces.roles import Action
from verifier.web.found import space_view

_A_PAGE = 100
_FIELDS = ("at", "actor", "what", "subject", "data")


@require_safe
@space_view(Action.MANAGE)
def show_trail(request: HttpRequest, space: Space) -> HttpResponse:
    """Show the trail, the latest first; ?format= exports the whole of it."""
    entries = AuditEntry.objects.visible_to(request.user).filter(space_id=space.pk)
    chosen = request.GET.get("format", "")
    if chosen:
        return _export(space, entries, chosen)
    page = Paginator(entries, _A_PAGE).get_page(request.GET.get("page"))
    context = {"space": space, "page": page, "formats": _RENDERERS, "section": "spaces"}
    return render(request, "spaces/audit.html", context)


def _export(space: Space, entries: Iterable[AuditEntry], chosen: str) -> HttpResponse:
    if chosen not in _RENDERERS:
        raise Http404(f"There is no format {chosen!r}; there are {', '.join(_RENDERERS)}.")
    render_text, media_type = _RENDERERS[chosen]
    response = HttpResponse(render_text(map(_plain, entries)), content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="audit-{space.slug}.{chosen}"'
    return response


def _plain(entry: AuditEntry) -> dict[str, object]:
    return {
        "at": entry.at.isoformat(),
        "actor": entry.actor_name,
        "what": entry.what,
        "subject": entry.subject,
        "data": entry.data,
    }


def _render_csv(rows: Iterable[dict[str, object]]) -> str:
    return render_csv(
        _FIELDS,
        (
            [str(row[name]) for name in _FIELDS[:-1]] + [json.dumps(row["data"], sort_keys=True)]
            for row in rows
        ),
    )


def _render_json(rows: Iterable[dict[str, object]]) -> str:
    return json.dumps({"version": 1, "entries": list(rows)}, indent=2) + "\n"


_RENDERERS = {
    "csv": (_render_csv, "text/csv; charset=utf-8"),
    "json": (_render_json, "application/json"),
}
