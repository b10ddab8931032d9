"""Clients that do not finish are cut off, and many of them keep nobody else out."""

from __future__ import annotations

import resource
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.server.deployment import GUNICORN, UVICORN, web
from tests.server.process import ROOT, Browser, up

HALF = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "


@contextmanager
def half_sent(browser: Browser, count: int) -> Iterator[list[socket.socket]]:
    """Open connections that send half a request."""
    host, _, port = browser.address.removeprefix("http://").partition(":")
    with ExitStack() as stack:
        opened = []
        for _ in range(count):
            client = stack.enter_context(socket.create_connection((host, int(port)), 10))
            client.sendall(HALF)
            opened.append(client)
        yield opened


def is_cut(client: socket.socket) -> bool:
    """Return whether the server closes a connection, 10 s after it began, however busy it is."""
    client.settimeout(30)
    try:
        return not client.recv(1000)
    except TimeoutError:
        return False
    except ConnectionError:
        return True


@contextmanager
def many_descriptors() -> Iterator[None]:
    """Let this process open as many as it may."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_slow_clients_keep_nobody_out_and_are_cut_by_every_documented_server(
    tmp_path: Path,
) -> None:
    few = ("prlimit", "--nofile=1024:1024", sys.executable, str(ROOT / "manage.py"))
    with many_descriptors(), ExitStack() as stack:
        browsers: list[Browser] = [stack.enter_context(up(tmp_path, command=few))]
        browsers += [stack.enter_context(web(tmp_path, *it)) for it in (GUNICORN, UVICORN)]
        slow = [
            stack.enter_context(half_sent(browser, count))
            for browser, count in zip(browsers, (1100, 200, 200), strict=True)
        ]
        assert [browser.get("/healthz")[0] for browser in browsers] == [200, 200, 200]
        left = [sum(not is_cut(client) for client in clients[::40]) for clients in slow]
        assert left == [0, 0, 0]
