"""Files that pages give: one table of formats a page, one way to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import Http404, HttpResponse

Renderers = Mapping[str, Callable[[], str]]

TYPES = {
    "c": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
}


def export(chosen: str, renderers: Renderers, stem: str) -> HttpResponse:
    """Answer with a file of the chosen format. Raises Http404 for a format the page has not."""
    render = renderers.get(chosen)
    if render is None:
        raise Http404(f"No format {chosen}; there are {', '.join(renderers)}.")
    suffix = "txt" if chosen == "text" else chosen
    response = HttpResponse(render(), content_type=TYPES[chosen])
    response["Content-Disposition"] = f'attachment; filename="{stem}.{suffix}"'
    return response
