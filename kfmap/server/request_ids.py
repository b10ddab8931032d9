"""Give each request an id, which its log lines, its answer and the page of a failure name."""

from __future__ import annotations

import secrets

from kfmap.log_lines import bound
from kfmap.server.asgi_types import Application, Message, Receive, Scope, Send

_BYTES = 8


def with_request_id(application: Application) -> Application:
    """Return an ASGI application around another one."""

    async def identified(scope: Scope, receive: Receive, send: Send) -> None:
        request_id = secrets.token_hex(_BYTES)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message["headers"], (b"x-request-id", request_id.encode())]
                message = {**message, "headers": headers}
            await send(message)

        with bound(request=request_id):
            await application(scope, receive, send_with_id)

    return identified
