"""The audit trail of a space, for those who maintain it: a page, CSV, JSON and XLSX."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kfmap.safe_text.csv_rows import render_csv
from kfmap.web.shared.export import TABLE_FORMATS, Table
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
        return export_trail(space, entries, chosen)
    page = Paginator(entries, _A_PAGE).get_page(request.GET.get("page"))
    context = {
        "space": space,
        "page": page,
        "rows": [(entry, *_describe(entry)) for entry in page],
        "section": "spaces",
    }
    return render(request, "spaces/audit.html", context)


def _describe(entry: AuditEntry) -> tuple[str, str]:
    """Return what is known beside, in a few words, and the rest as JSON: on what a decision rests.

    "" where there is none.
    """
    short = {name: value for name, value in entry.data.items() if not isinstance(value, dict)}
    told = [
        f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in short.items()
        if value not in ("", [], None)
    ]
    rest = {name: value for name, value in entry.data.items() if name not in short}
    return "; ".join(told), json.dumps(rest, indent=1, sort_keys=True) if rest else ""


def export_trail(space: Space, entries: Iterable[AuditEntry], chosen: str) -> HttpResponse:
    """Answer with the whole trail in a format. Raises Http404 for a format there is not."""
    if chosen not in TRAIL_FORMATS:
        raise Http404(f"There is no format “{chosen}” here; there are {', '.join(TRAIL_FORMATS)}.")
    render_text, media_type = TRAIL_FORMATS[chosen]
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


def _render_xlsx(rows: Iterable[dict[str, object]]) -> bytes:
    cells = tuple(
        tuple(value if isinstance(value, str) else json.dumps(value) for value in row.values())
        for row in rows
    )
    made = TABLE_FORMATS["xlsx"].render(Table("audit trail", _FIELDS, cells))
    assert isinstance(made, bytes)
    return made


def _render_json(rows: Iterable[dict[str, object]]) -> str:
    return json.dumps({"version": 1, "entries": list(rows)}, indent=2) + "\n"


_Render = Callable[[Iterable[dict[str, object]]], str | bytes]
TRAIL_FORMATS: dict[str, tuple[_Render, str]] = {
    "csv": (_render_csv, "text/csv; charset=utf-8"),
    "json": (_render_json, "application/json"),
    "xlsx": (_render_xlsx, TABLE_FORMATS["xlsx"].media_type),
}
