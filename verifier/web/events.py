"""Progress as server-sent events; a stream ends by itself, and the browser comes back for more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TypedDict

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template.loader import render_to_string

from kfmap.safe_text.printable import reveal_hidden
from verifier.records.models import BpfObject, Job
from verifier.records.outcome import Outcome, load_outcomes
from verifier.spaces.access import Reader

_EVERY_SECONDS = 0.4
_LIFETIME_SECONDS = 20.0


async def stream_progress(request: HttpRequest, sha256: str) -> HttpResponseBase:
    """Stream the progress fragment each time it changes; the event `over` is the last one."""
    user = await request.auser()
    if not await BpfObject.objects.visible_to(user).at(sha256).aexists():
        return HttpResponse(status=404 if user.is_authenticated else 403)
    response = StreamingHttpResponse(_events(user, sha256), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    response["Content-Encoding"] = "identity"  # keeps GZipMiddleware from holding events back
    return response


class Progress(TypedDict):
    """What the progress fragment shows; `over`: nothing more will come."""

    object: BpfObject
    job: Job | None
    outcomes: list[Outcome]
    over: bool


def progress_context(obj: BpfObject) -> Progress:
    """Return what `verifier/progress.html` shows of an object."""
    job = obj.jobs.first()
    over = job is None or job.is_over
    outcomes = load_outcomes([obj]).get(obj.pk, []) if over else []
    return {"object": obj, "job": job, "outcomes": outcomes, "over": over}


async def _events(user: Reader, sha256: str) -> AsyncIterator[str]:
    ends_at, last, over = time.monotonic() + _LIFETIME_SECONDS, "", False
    while not over and time.monotonic() < ends_at:
        fragment, over = await sync_to_async(_look)(user, sha256)
        if fragment != last:
            yield _event("progress", fragment)
            last = fragment
        if over:
            yield _event("over", "")
        await asyncio.sleep(0 if over else _EVERY_SECONDS)


def _look(user: Reader, sha256: str) -> tuple[str, bool]:
    """Return the fragment and whether it is the last one, and the connection back between looks.

    Who may not see the object any more gets nothing more of it.
    """
    obj = BpfObject.objects.visible_to(user).at(sha256).first()
    if obj is None:
        return "", True
    context = progress_context(obj)
    connections.close_all()
    fragment = render_to_string("verifier/progress.html", context)
    return reveal_hidden(fragment.encode()).decode(), context["over"]


def _event(name: str, text: str) -> str:
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return f"event: {name}\n{lines}\n"
