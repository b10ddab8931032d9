"""The production web server of `manage.py up`: uvicorn in this process."""

from __future__ import annotations

import asyncio
import errno
import socket
import warnings
from collections.abc import Callable
from types import FrameType

import uvicorn

from kfmap.server.http_protocol import PatientHttp

# WhiteNoise gives files in the way of WSGI, which Django warns of although it serves them well.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous")
_STREAM_SECONDS = 2  # how long an open stream may hold the stop
_BACKLOG = 100  # asyncio accepts so many at once, fewer than slow_clients keeps free


class AddressError(RuntimeError):
    """The address cannot be listened on; the message says why and what to do."""


class WebServer(uvicorn.Server):
    """Serves until Ctrl-C or SIGTERM, then returns: uvicorn itself would raise the signal again."""

    def __init__(self, on_ready: Callable[[], None], on_stop: Callable[[], None]) -> None:
        """Call `on_ready` when pages can be asked for, `on_stop` when the stop begins."""
        super().__init__(
            uvicorn.Config(
                "kfmap.asgi:application",
                lifespan="off",
                log_level="warning",
                access_log=False,
                server_header=False,
                backlog=_BACKLOG,
                proxy_headers=False,  # kfmap.server.proxies has them
                http=PatientHttp,
                timeout_graceful_shutdown=_STREAM_SECONDS,
            )
        )
        self._on_ready, self._on_stop = on_ready, on_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then say so through `on_ready`."""
        await super().startup(sockets)
        asyncio.get_running_loop().call_soon(self._on_ready)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the stop; a second Ctrl-C does not wait for open requests."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._on_stop()


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address. Raises AddressError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio knows TCP by this number and sets TCP_NODELAY; without, an answer waits for 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise AddressError(_sentence(host, port, error)) from error
    return listener


def _sentence(host: str, port: int, error: OSError | OverflowError) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use: stop what uses it, or choose another --port."
    if number == errno.EACCES:
        return f"Port {port} may not be used by this account: choose a --port above 1023."
    return f"Cannot listen on {host}:{port} ({error}): choose another --host or --port."
