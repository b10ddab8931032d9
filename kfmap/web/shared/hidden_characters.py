"""Pages show characters that nobody sees, or that turn the direction of writing, as escapes.

File names, program names and source lines come from uploads and land in many templates, so this is
done to whole pages on their way out, where no template can forget it.
"""

from __future__ import annotations

from typing import TypeGuard

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from kfmap.safe_text.printable import reveal_hidden


class RevealHiddenCharacters(MiddlewareMixin):
    """Middleware for HTML; what is for programs (JSON, CSV, GraphML) stays as it is."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Rewrite a page if there is anything to show."""
        if is_page(response) and "Content-Encoding" not in response:  # kept pages are compressed
            response.content = reveal_hidden(response.content)
        return response


def is_page(response: HttpResponseBase) -> TypeGuard[HttpResponse]:
    """Return whether people read it."""
    html = response.get("Content-Type", "").startswith("text/html")
    return html and isinstance(response, HttpResponse)
