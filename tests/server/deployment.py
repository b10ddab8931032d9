"""The processes of a deployment, by the commands that the README documents."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.server.process import (
    ADMINISTRATOR,
    PASSWORD,
    ROOT,
    Browser,
    environment,
    free_port,
    manage,
    wait_until,
)

_APPLICATION = "kfmap.asgi:application"
GUNICORN = (
    *("gunicorn", "-k", "kfmap.server.gunicorn_worker.PatientWorker"),
    *("--preload", "--no-control-socket"),
    _APPLICATION,
)
UVICORN = (
    *("uvicorn", "--http", "kfmap.server.http_protocol:PatientHttp", "--no-proxy-headers"),
    _APPLICATION,
)
WORKER = ("celery", "-A", "kfmap", "worker", "--concurrency=1", "-l", "warning")
BEAT = ("celery", "-A", "kfmap", "beat", "-l", "warning")
KERNELS = ("6.18", "7.3")
_STOP_SECONDS = 30.0


@contextmanager
def running(
    command: Sequence[str], folder: Path, **changes: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python module as a process, for the length of a block; it writes into `folder/log`."""
    with (folder / "log").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment(folder, **changes),
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def prepare(folder: Path, **changes: str) -> None:
    """Make the database with two kernels and the administrator, as the handbook says."""
    account = {"DJANGO_SUPERUSER_USERNAME": ADMINISTRATOR, "DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    create = ("createsuperuser", "--noinput", "--email", "ada@example.org")
    for command in (("load_kernels", *KERNELS), create):
        ended = manage(folder, *command, **account, **changes)
        assert ended.returncode == 0, ended.stderr


@contextmanager
def web(folder: Path, *server: str, **changes: str) -> Iterator[Browser]:
    """Run a web server for the length of a block; `server` is its command up to the address."""
    port = free_port()
    place = ("--bind", f"127.0.0.1:{port}") if server[0] == "gunicorn" else ("--port", str(port))
    browser = Browser(f"http://127.0.0.1:{port}")
    with running([*server, *place], folder, **changes):
        wait_until(browser.answers)
        yield browser
