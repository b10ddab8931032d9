"""Requests per second and their times with 1 to 64 clients, on both databases, beside bare Django.

Aims: an unchanged page costs at most 3 times the CPU of a bare view, one that is sent 10 times.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.conf import settings

from tests.benchmarks.figure import Figure
from tests.benchmarks.http_load import Load, apply_load, wait_until_idle
from tests.server.postgres import BINARIES, run_postgres
from tests.server.process import ROOT, Browser, Up, free_port, up, wait_until

_CLIENTS = (1, 4, 16, 64)
_SECONDS = 3.0
_SETTLE_SECONDS = 60.0  # what a server does after its start is none of the requests
_KFUNC = "/kernels/7.3/kfuncs/scx_bpf_dsq_move/"
_PAGES = {"health check": "/healthz", "home": "/", "kfunc": _KFUNC}
_OF_READERS = {
    "home, signed in": "/",
    "kernel, signed in": "/kernels/7.3/",
    "kfunc, signed in": _KFUNC,
    "uploads": "/uploads/",
    "spaces": "/spaces/",
}
_DATA = {"data of the matrix": "/kernels/7.3/matrix/data.json"}
_UNCHANGED, _SENT = 3, 10  # times a bare view


def run() -> list[Figure]:
    if not settings.configured:
        settings.configure()  # forms are encoded with Django's test client
    print("what | clients | requests/s | p50 ms | p95 ms | p99 ms | CPU ms")
    with ExitStack() as stack:
        bare = stack.enter_context(_bare_django())
        servers = {"SQLite": stack.enter_context(up(_folder(stack)))}
        if BINARIES:
            address = stack.enter_context(run_postgres())
            on_postgres = up(_folder(stack), DATABASE_URL=address)
            servers["PostgreSQL"] = stack.enter_context(on_postgres)
        for server in servers.values():
            server.sign_in()
            wait_until_idle(server.process.pid, _SETTLE_SECONDS)
        return [
            figure for name, server in servers.items() for figure in _measure(name, server, bare)
        ]


def _measure(database: str, server: Up, bare: tuple[int, int]) -> Iterator[Figure]:
    for path in _OF_READERS.values():  # the first visit may make somebody's space
        server.get(path)
    asked = [(name, path, "", _SENT) for name, path in {**_PAGES, **_DATA}.items()]
    session = f"Cookie: {'; '.join(f'{item.name}={item.value}' for item in server.cookies)}\r\n"
    asked += [(name, path, session, _SENT) for name, path in _OF_READERS.items()]
    visitor = Browser(server.address)
    asked.append(("home, unchanged", "/", _if_changed(visitor), _UNCHANGED))
    asked.append(("home, unchanged, signed in", "/", session + _if_changed(server), _UNCHANGED))
    for clients in _CLIENTS:
        least = _load("bare Django view", bare[0], "/", clients, bare[1], "")
        for name, path, headers, limit in asked:
            title = f"{name}, {database}"
            server.get(path)
            load = _load(title, server.port, path, clients, server.process.pid, headers)
            assert load.statuses == {304 if limit == _UNCHANGED else 200}, load.statuses
            yield Figure(
                f"{title}, {clients} clients, CPU per request",
                load.cpu_ms,
                "ms",
                "bare Django view",
                least.cpu_ms,
                limit,
            )


def _if_changed(browser: Browser) -> str:
    return f"If-None-Match: {browser.header('/', 'ETag')}\r\n"


def _load(name: str, port: int, path: str, clients: int, pid: int, headers: str) -> Load:
    load = apply_load(port, path, clients, _SECONDS, pid, headers)
    times = " | ".join(f"{load.percentile_ms(share):.1f}" for share in (0.5, 0.95, 0.99))
    print(f"{name} | {clients} | {load.rate:.0f} | {times} | {load.cpu_ms:.2f}", flush=True)
    return load


@contextmanager
def _bare_django() -> Iterator[tuple[int, int]]:
    """Run the bare view under the same server; give port and process."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--port", str(port), "--lifespan", "off"]
    command += ["--no-access-log", "--log-level", "warning"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DJANGO")}
    server = subprocess.Popen(
        [*command, "tests.benchmarks.bare_django:application"], cwd=ROOT, env=environment
    )
    try:
        wait_until(lambda: Browser(f"http://127.0.0.1:{port}").answers("/"))
        yield port, server.pid
    finally:
        server.kill()
        server.wait()


def _folder(stack: ExitStack) -> Path:
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kfmap-requests-")))
