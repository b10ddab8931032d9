"""Refuse bodies that are larger than any upload may be, before anything of them is kept.

Django's ASGI handler writes a whole body to disk before a view sees it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_SENTENCE = b"The upload is larger than this server takes.\n"


class BodyLimit:
    """An ASGI application around another one."""

    def __init__(self, application: Application, max_bytes: int) -> None:
        self._application, self._max_bytes = application, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413 by the announced length; cut a body off that grows past it unannounced."""
        if scope["type"] == "http" and _announced(scope) > self._max_bytes:
            await _refuse(send)
            return
        await self._application(scope, _counted(receive, self._max_bytes), send)


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _counted(receive: Receive, left: int) -> Receive:
    async def counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        return message if left >= 0 else {"type": "http.disconnect"}

    return counted


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"text/plain"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": _SENTENCE})
