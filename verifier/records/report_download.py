"""Reports as downloads of pages and of the API: `?format=` picks one from the table."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import Http404, HttpResponse

from verifier.engine.reports import RENDERERS, CheckedObject
from verifier.engine.reports.model import ReportOptions

Loaded = tuple[Sequence[CheckedObject], ReportOptions]


def export_report(chosen: str, loaded: Loaded, name: str) -> HttpResponse:
    """Answer with a report; `name` becomes the file's. Raises Http404 for a format there is not."""
    renderer = RENDERERS.get(chosen)
    if renderer is None:
        raise Http404(f"There is no format “{chosen}” here; there are {', '.join(RENDERERS)}.")
    charset = "; charset=utf-8" if renderer.is_text else ""
    media_type = f"{renderer.media_type}{charset}"
    response = HttpResponse(renderer.render_bytes(*loaded), content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="kfmap-{name}.{renderer.suffix}"'
    return response
