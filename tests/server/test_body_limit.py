"""Bodies past the limit are refused before they are kept, announced or not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from kfmap.server.body_limit import BodyLimit, Receive, Scope, Send


class Application:
    """Reads the whole body, as Django does, and remembers what it got."""

    def __init__(self) -> None:
        self.messages: list[Mapping[str, Any]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read until the body ends or the client is gone."""
        while not self.messages or self.messages[-1].get("more_body"):
            self.messages.append(await receive())


def serve(chunks: list[bytes], headers: list[tuple[bytes, bytes]]) -> tuple[Application, list[int]]:
    """Send one request; give the application and the statuses it answered with."""
    application, statuses, waiting = Application(), [], list(chunks)

    async def receive() -> Mapping[str, Any]:
        chunk = waiting.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    async def send(message: Mapping[str, Any]) -> None:
        if "status" in message:
            statuses.append(message["status"])

    scope = {"type": "http", "headers": headers}
    asyncio.run(BodyLimit(application, 100)(scope, receive, send))
    return application, statuses


def test_body_within_the_limit_passes() -> None:
    application, _ = serve([bytes(60), bytes(40)], [(b"content-length", b"100")])
    assert [len(message["body"]) for message in application.messages] == [60, 40]


def test_announced_body_is_answered_with_413_and_never_read() -> None:
    application, statuses = serve([bytes(200)], [(b"content-length", b"200")])
    assert statuses == [413]
    assert application.messages == []


def test_unannounced_body_is_cut_off_where_it_grows_too_large() -> None:
    application, _ = serve([bytes(60), bytes(60), bytes(60)], [])
    assert [message["type"] for message in application.messages] == [
        "http.request",
        "http.disconnect",
    ]
