"""Middleware: requests that get the same refusal whichever view they are for."""

from __future__ import annotations

from collections.abc import Mapping

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
        return _refuse(request, 400, _NULL, {"problem": _NULL, "title": "Not read"})


class AnswerSpentQuotas(MiddlewareMixin):
    """Answers 429 where a quota is spent, whichever view found out."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer a QuotaError; leave all else to Django."""
        if not isinstance(error, QuotaError):
            return None
        response = _refuse(request, 429, str(error), {"sentence": str(error)})
        response["Retry-After"] = str(error.seconds)
        return response


def _refuse(
    request: HttpRequest, status: int, sentence: str, names: Mapping[str, str]
) -> HttpResponse:
    """Answer programs with the sentence, people with the page of the status, made of names."""
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": sentence}, status=status)
    return render(request, f"{status}.html", names, status=status)
