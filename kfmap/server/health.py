"""Addresses for whoever watches the process."""

from __future__ import annotations

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse

from kfmap.catalogue.models import Kernel


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer: the process runs."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 once the database can be asked and has kernels, else 503."""
    try:
        kernels = Kernel.objects.count()
    except DatabaseError:
        return JsonResponse({"ready": False, "problem": "no database"}, status=503)
    return JsonResponse({"ready": kernels > 0, "kernels": kernels}, status=200 if kernels else 503)
