"""Middleware: what only a reader with a session or a token gets is stored by no cache."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.deprecation import MiddlewareMixin

_ALWAYS = ("/accounts/", "/admin/")
_BY_TOKEN = ("/api/", "/feeds/")


class KeepPrivatePagesOutOfCaches(MiddlewareMixin):
    """Adds no-store where a view did not say how its page may be kept."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Mark the answer; where a token may be sent, as another one for each."""
        if request.path.startswith(_BY_TOKEN):
            patch_vary_headers(response, ["Authorization", "Cookie"])
        named = (
            settings.SESSION_COOKIE_NAME in request.COOKIES or "Authorization" in request.headers
        )
        if named or request.path.startswith(_ALWAYS):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response
