"""Progress of a job as server-sent events, for programs: JSON, and an end that says it is one."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from rest_framework.decorators import api_view, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap.api.authentication import MayUse
from kfmap.api.serializers import JobSerializer
from kfmap.api.visible import objects_for, objects_of, space_of
from verifier.spaces.access import Reader
from verifier.spaces.models import Space

Looks = tuple[Reader, Space | None]  # a token of one space sees what is there alone
_EVERY_SECONDS = 0.5
_LIFETIME_SECONDS = 25.0  # then the reader comes back: an endless stream would hold a stop


@api_view(["GET"])
@permission_classes([MayUse])
def may_look(request: Request, sha256: str) -> Response:
    """Answer 200, and for this server the row and who looks, where the reader may see the object;
    else with the problem."""
    obj = objects_of(request).at(sha256).first()
    if obj is None:
        return Response({}, status=404)
    return Response({"pk": obj.pk, "looks": (request.user, space_of(request))})


async def stream_job(request: HttpRequest, sha256: str) -> HttpResponseBase:
    """Stream the job of an object each time it changes; the event `over` is the last one."""
    allowed: Response = await sync_to_async(may_look)(request, sha256=sha256)
    if allowed.status_code != 200:
        return allowed
    response = StreamingHttpResponse(_events(**allowed.data), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    response["Content-Encoding"] = "identity"  # keeps GZipMiddleware from holding events back
    return response


async def _events(pk: int, looks: Looks) -> AsyncIterator[str]:
    ends_at, last, over = time.monotonic() + _LIFETIME_SECONDS, "", False
    while not over and time.monotonic() < ends_at:
        told, over = await sync_to_async(_look)(pk, *looks)
        if told != last:
            yield f"event: job\ndata: {told}\n\n"
            last = told
        if over:
            yield "event: over\ndata: {}\n\n"
        await asyncio.sleep(0 if over else _EVERY_SECONDS)


def _look(pk: int, user: Reader, space: Space | None) -> tuple[str, bool]:
    """Return the job as JSON, and whether it will change no more.

    Who may not see the object any more gets nothing more of it.
    """
    obj = objects_for(user, space).filter(pk=pk).first()
    job = obj.jobs.first() if obj else None
    told = json.dumps(JobSerializer(job).data if job else None)
    connections.close_all()
    return told, job is None or job.is_over
