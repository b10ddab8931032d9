"""Addresses for whoever watches the process."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse

from kfmap.catalogue.availability import AWAY, find_absence
from kfmap.catalogue.models import Kernel
from verifier.jobs.queue import BrokerAwayError, count_messages
from verifier.records.models import Worker

_PROBE = bytes(1 << 16)
log = logging.getLogger(__name__)


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200: the process runs, whatever else does not."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when everything works, else 503 with a sentence for each part that does not.

    The map can be read while the database answers, whatever else is missing.
    """
    problems = {name: problem for name, find in _PARTS.items() if (problem := find())}
    return JsonResponse(
        {"ready": not problems, "problems": problems}, status=503 if problems else 200
    )


def _find_database_problem() -> str:
    try:
        return "" if Kernel.objects.exists() else "The map has no kernels yet."
    except DatabaseError as error:
        log.warning("not ready: %s", str(error).strip())
        return find_absence(error) or AWAY


def _find_worker_problem() -> str:
    try:
        return "" if Worker.objects.alive().exists() else "No worker takes jobs."
    except DatabaseError:
        return "Nobody knows whether a worker takes jobs."


def _find_broker_problem() -> str:
    try:
        count_messages()
    except BrokerAwayError as error:
        log.warning("not ready: %s", error)
        return "The broker does not answer."
    return ""


def _find_disk_problem() -> str:
    try:
        with tempfile.TemporaryFile(dir=settings.KFMAP_DATA_DIR) as file:
            file.write(_PROBE)
            file.flush()
    except OSError as error:
        log.warning("not ready: %s", error)
        return find_absence(error) or "The data folder cannot be written to."
    return ""


_PARTS: dict[str, Callable[[], str]] = {
    "database": _find_database_problem,
    "broker": _find_broker_problem,
    "worker": _find_worker_problem,
    "disk": _find_disk_problem,
}
