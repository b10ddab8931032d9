"""Answer each request in one thread of a pool that is kept, middleware and view together.

Django's own ASGI handler starts a thread for each request, with a database connection of its own,
and changes thread twice for each middleware: that cost more than most pages.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import IO, Any, TypeVar

from asgiref.sync import ThreadSensitiveContext
from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, ASGIRequest, get_script_prefix
from django.db import close_old_connections
from django.http import HttpResponseBase
from django.urls import reverse, set_script_prefix

from kfmap.server.connections import trust_quiet_connections
from kfmap.server.metrics import count_request

T = TypeVar("T")
log = logging.getLogger("kfmap.requests")


class ThreadHandler(ASGIHandler):
    """Django as an ASGI application with `KFMAP_WEB_THREADS` threads."""

    def __init__(self) -> None:
        """Make the middleware for threads; none is started before the first request.

        Every view is imported here, so that no request waits for that: with gunicorn's `--preload`
        once for all processes, before it listens.
        """
        self.load_middleware(is_async=False)
        reverse("home")
        self._threads = ThreadPoolExecutor(settings.KFMAP_WEB_THREADS, "request")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        async with ThreadSensitiveContext():  # streams ask the database in a thread of their own
            await self.handle(scope, receive, send)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Read the body, have a thread answer, send what it made."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        try:
            response = await self._in_thread(self._answer, scope, body)
            if response.streaming:
                await self._stream(response, receive, send)
            else:
                await self.send_response(response, send)
        finally:
            body.close()

    def ask(self, question: Callable[[Any], T]) -> Callable[[Any], Awaitable[T]]:
        """Have a question about a request answered in a thread, with its database connection."""

        def answer(scope: Any) -> T:
            close_old_connections()
            try:
                return question(scope)
            finally:
                close_old_connections()

        return lambda scope: self._in_thread(answer, scope)

    def _answer(self, scope: Any, body: IO[bytes]) -> HttpResponseBase:
        """Return the response; one that is whole is closed in the thread that made it."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=type(self), scope=scope)
        trust_quiet_connections()
        request, refused = self.create_request(scope, body)
        if request is None:
            assert refused is not None
            return refused
        began = time.monotonic()
        response = self._respond(request)
        _note(request, response.status_code, time.monotonic() - began)
        response._handler_class = type(self)  # type: ignore[attr-defined]  # Django's own contract
        if not response.streaming:
            response.close()
        return response

    def _respond(self, request: ASGIRequest) -> HttpResponseBase:
        response: HttpResponseBase = self.get_response(request)
        return response

    async def _stream(self, response: HttpResponseBase, receive: Any, send: Any) -> None:
        """Send pieces until they or the client end."""
        sending = asyncio.ensure_future(self.send_response(response, send))
        leaving = asyncio.ensure_future(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
                with suppress(asyncio.CancelledError, RequestAborted):
                    await task
            await self._in_thread(response.close)

    async def _in_thread(self, work: Callable[..., T], *args: Any) -> T:
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, context.run, work, *args)


def _note(request: ASGIRequest, status: int, seconds: float) -> None:
    """Count and log an answer by the pattern of its address: addresses may have secrets in them."""
    match = request.resolver_match
    route = f"/{match.route}" if match else "(no such address)"
    count_request(request.method or "", route, status, seconds)
    if log.isEnabledFor(logging.INFO):
        fields = {
            "method": request.method,
            "route": route,
            "status": status,
            "ms": round(1000 * seconds, 1),
            "user": request.user.pk if _was_asked(request) else None,
        }
        log.info("answered", extra={"fields": fields})


def _was_asked(request: ASGIRequest) -> bool:
    """Return whether the view looked at who is signed in: a log line asks the database nothing."""
    return hasattr(request, "_cached_user")
