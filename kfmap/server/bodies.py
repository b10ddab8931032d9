"""Take in bodies: who may send how much, how slowly, and how much at the same time.

Django's handler writes a whole body to disk before a view sees it, so this is decided before: a
large one is for readers who signed in, and all that strangers send at once has one bound.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from kfmap.server.asgi_types import Application, Message, Receive, Scope, Send, header_of

_IDLE_SECONDS, _FIRST_SECONDS = 20.0, 30.0
_BYTES_PER_SECOND = 8 << 10  # what a client must reach after the first seconds
_SEND_SECONDS = 60.0  # for one message; the client must read what it asked for
_PARTING_SECONDS, _PARTING_BYTES = 1.0, 4 << 20
Judge = Callable[[Scope], Awaitable[str]]

log = logging.getLogger(__name__)

_NORMAL_END = 1000  # RFC 6455, 7.4.1
_TOO_LARGE = "This is larger than what the server takes."
_TOO_SLOW = "The upload came too slowly and was cut off: send it again."
_TOO_MANY = "Too much is being uploaded at this moment: try again in a minute."
_TWO_LENGTHS = "The request says in two ways how long it is."
_AWAY = "The server cannot look up who you are at this moment: try again in a minute."


class BodyRefusedError(Exception):
    """A body is not read further; the message says why."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """In bytes: of one body by anybody, of one by somebody who signed in, of all by strangers."""

    stranger: int
    signed_in: int
    strangers_together: int


class Bodies:
    """An ASGI application around another one."""

    def __init__(self, application: Application, limits: BodyLimits, find_refusal: Judge) -> None:
        """`find_refusal` says why the sender of a request may not send large bodies, "" if so."""
        self._application, self.limits, self._find_refusal = application, limits, find_refusal
        self._of_strangers = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a sentence what is refused, and give the rest to the application."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _NORMAL_END})  # there are none
            return
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        body, sending = _Body(self, scope, receive), _Sending(send)
        try:
            _expect_one_length(scope)
            await body.allow(_announced(scope))
            await self._application(scope, body.receive, sending)
        except BodyRefusedError as refused:
            body.forget()
            if not sending.began:
                await _answer(scope, send, refused, body)
        finally:
            body.forget()

    async def expect_permission(self, scope: Scope) -> None:
        """Raise BodyRefusedError unless the sender may send large bodies."""
        try:
            why = await self._find_refusal(scope)
        except Exception as error:
            log.exception("the sender of a large body could not be looked up")
            raise BodyRefusedError(HTTPStatus.SERVICE_UNAVAILABLE, _AWAY) from error
        if why:
            raise BodyRefusedError(HTTPStatus.FORBIDDEN, why)

    def count_strangers(self, change: int) -> None:
        """Count bytes that strangers have under way. Raises BodyRefusedError."""
        self._of_strangers += change
        if change > 0 and self._of_strangers > self.limits.strangers_together:
            raise BodyRefusedError(HTTPStatus.SERVICE_UNAVAILABLE, _TOO_MANY)


class _Body:
    """One body on its way in."""

    def __init__(self, bodies: Bodies, scope: Scope, receive: Receive) -> None:
        self._bodies, self._scope, self._receive = bodies, scope, receive
        self._size = self._counted = 0
        self._known = self._whole = False
        self._began = 0.0

    async def allow(self, size: int) -> None:
        """Raise BodyRefusedError where a body of so many bytes may not be sent."""
        limits = self._bodies.limits
        if size > limits.signed_in:
            raise BodyRefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _TOO_LARGE)
        if size > limits.stranger and not self._known:
            await self._bodies.expect_permission(self._scope)
            self._known = True
            self.forget()

    async def receive(self) -> Message:
        """Return the next message. Raises BodyRefusedError."""
        if self._whole:
            return await self._receive()
        message = await self._receive_in_time()
        size = len(message.get("body", b""))
        self._size += size
        self._whole = not message.get("more_body", False)
        await self.allow(self._size)
        if not self._known and size:
            self._counted += size
            self._bodies.count_strangers(size)
        return message

    def forget(self) -> None:
        """Count it among what strangers send no more."""
        self._bodies.count_strangers(-self._counted)
        self._counted = 0

    async def drop_some(self) -> None:
        """Read on for a moment, and keep nothing.

        Where a connection ends with bytes unread, the kernel resets it, and a proxy that still
        sends says 502 instead of what it was answered (RFC 9112, 9.6).
        """
        dropped = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(_PARTING_SECONDS):
                while not self._whole and dropped < _PARTING_BYTES:
                    message = await self._receive()
                    dropped += len(message.get("body", b""))
                    self._whole = not message.get("more_body", False)

    async def _receive_in_time(self) -> Message:
        now = asyncio.get_running_loop().time()
        self._began = self._began or now
        left = self._began + _FIRST_SECONDS + self._size / _BYTES_PER_SECOND - now
        try:
            async with asyncio.timeout(min(_IDLE_SECONDS, left)):
                return await self._receive()
        except TimeoutError as error:
            raise BodyRefusedError(HTTPStatus.REQUEST_TIMEOUT, _TOO_SLOW) from error


class _Sending:
    """Sends, and knows whether it began; a client that does not read is left."""

    def __init__(self, send: Send) -> None:
        self._send, self.began = send, False

    async def __call__(self, message: Message) -> None:
        """Send one message. Raises TimeoutError."""
        self.began = True
        async with asyncio.timeout(_SEND_SECONDS):
            await self._send(message)


def _expect_one_length(scope: Scope) -> None:
    """Raise BodyRefusedError where a body says its length in two ways (RFC 9112, 6.1).

    A proxy that believes the other one takes the rest of the body for the next client's request.
    """
    if header_of(scope, b"content-length") and header_of(scope, b"transfer-encoding"):
        raise BodyRefusedError(HTTPStatus.BAD_REQUEST, _TWO_LENGTHS)


def _announced(scope: Scope) -> int:
    value = header_of(scope, b"content-length")
    return int(value) if value.isdigit() else 0


async def _answer(scope: Scope, send: Send, refused: BodyRefusedError, rest: _Body) -> None:
    """Answer with the sentence, and hang up soon: what is left of the body is kept nowhere."""
    for_programs = scope["path"].startswith("/api/")
    kind = "application/json" if for_programs else "text/plain; charset=utf-8"
    text = json.dumps({"detail": str(refused)}) if for_programs else f"{refused}\n"
    body = text.encode()
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]
    if refused.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append((b"retry-after", b"60"))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await rest.drop_some()
    await send({"type": "http.response.body", "body": b""})
