"""HTTP for uvicorn with an end to slow clients.

`uvicorn --http kfmap.server.http_protocol:PatientHttp kfmap.asgi:application`
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from kfmap.server.slow_clients import SLOW_CLIENTS


class PatientHttp(H11Protocol):
    """uvicorn's protocol; headers must come in time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """Begin to wait for headers."""
        super().connection_made(transport)
        SLOW_CLIENTS.opened(transport)

    def data_received(self, data: bytes) -> None:
        """Read on; a request whose headers are whole has a cycle of its own."""
        before = self.cycle
        if before is None or before.response_complete:
            SLOW_CLIENTS.waits(self.transport)
        super().data_received(data)
        if self.cycle is not before:
            SLOW_CLIENTS.has_headers(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        SLOW_CLIENTS.closed(self.transport)
        super().connection_lost(exc)
