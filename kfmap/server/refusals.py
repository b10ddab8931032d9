"""Middleware: requests that get the same refusal whichever view they are for."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from kfmap.quotas.limits import QuotaError

_NULL = "The address has a NUL character (%00) in it, which no name has: take it out."


class RefuseNullCharacters(MiddlewareMixin):
    """PostgreSQL has no text with U+0000 in it and ends a question about one with an error."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Answer 400 where the address has one; a form's fields refuse it themselves."""
        if "\0" not in request.path_info and "%00" not in request.META.get("QUERY_STRING", ""):
            return None
        if request.path.startswith("/api/"):
            return JsonResponse({"detail": _NULL}, status=400)
        return render(request, "400.html", {"problem": _NULL, "title": "Not read"}, status=400)


class AnswerSpentQuotas(MiddlewareMixin):
    """Answers 429 where a quota is spent, whichever view found out."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer a QuotaError; leave all else to Django."""
        if not isinstance(error, QuotaError):
            return None
        response: HttpResponse
        if request.path.startswith("/api/"):
            response = JsonResponse({"detail": str(error)}, status=429)
        else:
            response = render(request, "429.html", {"sentence": str(error)}, status=429)
        response["Retry-After"] = str(error.seconds)
        return response
