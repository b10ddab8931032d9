"""What is answered when a page could not be made: a sentence, whatever is away."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from kfmap.catalogue.availability import find_absence
from kfmap.log_lines import what_is_bound

RETRY_SECONDS = 10
_BROKEN = "The answer could not be made; the log of the server has the details{where}."


def answer_failure(request: HttpRequest) -> HttpResponse:
    """Answer 503 with Retry-After where the database or the disk is away, else 500.

    Nothing here asks the database: not even who is signed in.
    """
    absence = find_absence(sys.exc_info()[1])
    status = 503 if absence else 500
    response = _render(request, absence, status)
    if absence:
        response["Retry-After"] = str(RETRY_SECONDS)
    response["Cache-Control"] = "no-store"
    return response


def _render(request: HttpRequest, absence: str, status: int) -> HttpResponse:
    request_id = what_is_bound().get("request")
    if request.path.startswith("/api/"):
        where = f" under request {request_id}" if request_id else ""
        return JsonResponse({"detail": absence or _BROKEN.format(where=where)}, status=status)
    context = {"absence": absence, "seconds": RETRY_SECONDS, "request_id": request_id}
    return HttpResponse(render_to_string(f"{status}.html", context), status=status)
