"""A worker for gunicorn that ends slow clients.

`gunicorn --worker-class kfmap.server.gunicorn_worker.PatientWorker kfmap.asgi:application`
"""

from __future__ import annotations

import asyncio
from typing import Any

from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.workers import gasgi

from kfmap.server.slow_clients import SLOW_CLIENTS


class PatientProtocol(ASGIProtocol):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's protocol; headers must come in time."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for headers."""
        super().connection_made(transport)
        SLOW_CLIENTS.opened(transport)

    def data_received(self, data: bytes) -> None:
        """Read on; between requests, what comes begins the next one."""
        if self._keepalive_handle:
            SLOW_CLIENTS.waits(self.transport)
        super().data_received(data)

    def _on_headers_complete(self) -> Any:
        SLOW_CLIENTS.has_headers(self.transport)
        return super()._on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        SLOW_CLIENTS.closed(self.transport)
        super().connection_lost(exc)


class PatientWorker(gasgi.ASGIWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's worker, which has no setting for the protocol."""

    def init_process(self) -> None:
        """Have the worker's servers make patient protocols."""
        gasgi.ASGIProtocol = PatientProtocol
        super().init_process()
