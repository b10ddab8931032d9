"""The words of ASGI (asgi.readthedocs.io), as far as kfmap.server wraps applications."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]


def header_of(scope: Scope, wanted: bytes) -> bytes:
    """Return the first value of a header, b"" where there is none; `wanted` in small letters."""
    return next((value for name, value in scope["headers"] if name == wanted), b"")
