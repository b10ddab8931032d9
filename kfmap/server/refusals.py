"""Middleware: answer 429 where a quota is spent, whichever view found out."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from kfmap.quotas.limits import QuotaError


class AnswerSpentQuotas(MiddlewareMixin):
    """Pages and the API get one answer, each in its form."""

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
