"""Cut clients off that do not finish their headers, the oldest first where room is scarce.

uvicorn and gunicorn wait for headers without end; a thousand connections that were opened and left
then keep everybody else out. One rule for both: `http_protocol.py` and `gunicorn_worker.py`.
"""

from __future__ import annotations

import asyncio
import resource
import socket

_HEADER_SECONDS = 10.0
_KEPT_FREE = 128  # descriptors for files, databases and check processes
_MANY = 16384
_UNREAD_MILLISECONDS = 60_000


class SlowClients:
    """The connections of a process that have not sent a whole request."""

    def __init__(self, most: int, header_seconds: float = _HEADER_SECONDS) -> None:
        """`most` connections may be open at the same time."""
        self.most, self._header_seconds = most, header_seconds
        self._open: set[asyncio.Transport] = set()
        self._waiting: dict[asyncio.Transport, asyncio.TimerHandle] = {}  # oldest first

    def opened(self, transport: asyncio.Transport) -> None:
        """Note a new connection; one that waits for its headers makes room for it."""
        _end_unread(transport)
        self._open.add(transport)
        if len(self._open) > self.most and self._waiting:
            self._cut(next(iter(self._waiting)))
        self.waits(transport)

    def waits(self, transport: asyncio.Transport) -> None:
        """Note that headers have begun, or may; they must end in time."""
        if transport not in self._waiting:
            loop = asyncio.get_running_loop()
            self._waiting[transport] = loop.call_later(self._header_seconds, self._cut, transport)

    def has_headers(self, transport: asyncio.Transport) -> None:
        """Note that the headers are whole."""
        timer = self._waiting.pop(transport, None)
        if timer:
            timer.cancel()

    def closed(self, transport: asyncio.Transport) -> None:
        """Forget a connection."""
        self.has_headers(transport)
        self._open.discard(transport)

    def _cut(self, transport: asyncio.Transport) -> None:
        self.closed(transport)
        transport.abort()


def count_connections() -> int:
    """Return how many connections this process may have, having raised its limit where it can."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MANY if hard == resource.RLIM_INFINITY else min(hard, _MANY)
    if wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(wanted, soft) - _KEPT_FREE


def _end_unread(transport: asyncio.Transport) -> None:
    """Have the kernel end a connection whose client does not read what was sent (tcp(7))."""
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family != socket.AF_UNIX:
        option = getattr(socket, "TCP_USER_TIMEOUT", None)
        if option is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, _UNREAD_MILLISECONDS)


SLOW_CLIENTS = SlowClients(count_connections())
