"""The description of the API; `?format=json` or `yaml` picks its form.

Elsewhere under /api/ `?format=` is the format of a report, so the framework leaves it alone
(`URL_FORMAT_OVERRIDE` in the settings).
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.views import SpectacularAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request


class _ByFormat(DefaultContentNegotiation):
    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        """Return the renderer that `?format=` names, else the one that Accept asks for."""
        chosen = format_suffix or request.query_params.get("format")
        return super().select_renderer(request, renderers, chosen)


class DescriptionView(SpectacularAPIView):
    """OpenAPI as JSON or YAML."""

    content_negotiation_class = _ByFormat
