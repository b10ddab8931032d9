"""Two web servers, workers, beat, Redis and PostgreSQL: all real, all to be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.faults.answers import TimedBrowser
from tests.server.deployment import BEAT, GUNICORN, WORKER, prepare
from tests.server.postgres import Postgres, postgres_server
from tests.server.process import (
    ADMINISTRATOR,
    PASSWORD,
    ROOT,
    environment,
    free_port,
    wait_until,
)
from tests.server.redis import Redis, redis_server

_SERVER = (*GUNICORN, "--workers", "1")
_STOP_SECONDS = 30.0


class Process:
    """One process of the deployment, with its own process group, as a service has."""

    def __init__(self, command: tuple[str, ...], folder: Path, log: Path, **changes: str) -> None:
        """Start it."""
        self._command = [sys.executable, "-m", *command]
        self._environment = environment(folder, **changes)
        self._log = log
        self.start()

    def start(self) -> None:
        """Start it, once more if it was killed."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Return whether it runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Return the number of the process itself."""
        return self._process.pid

    def children(self) -> list[int]:
        """Return the processes that it forked or started."""
        return children_of(self._process.pid)

    def kill(self) -> None:
        """SIGKILL the process alone; what it started finds out by itself."""
        self._process.kill()
        self._process.wait()

    def kill_children(self) -> None:
        """SIGKILL what it started, as the kernel does when memory is short."""
        _kill(self.children())

    def kill_grandchildren(self) -> None:
        """SIGKILL what its children started: the check processes of a worker."""
        _kill([pid for child in self.children() for pid in children_of(child)])

    def signal_group(self, number: signal.Signals) -> None:
        """Signal all its processes at once, as systemd does."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """End all its processes; return after how many seconds it had ended."""
        began = time.monotonic()
        self.signal_group(number)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.signal_group(signal.SIGKILL)
            self._process.wait()
        return time.monotonic() - began


def children_of(pid: int) -> list[int]:
    """Return the processes that one forked or started, of all its threads."""
    found: list[int] = []
    with suppress(OSError):  # it may end meanwhile
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class Deployment:
    """Everything that serves one map; `browsers` are signed in, one at each web server."""

    def __init__(self, folder: Path, logs: Path, redis: Redis, postgres: Postgres) -> None:
        """Prepare the database in the data folder; nothing is started yet."""
        self.folder, self.redis, self.postgres = folder, redis, postgres
        self._logs = logs
        self.environment = {
            "KFMAP_REDIS_URL": redis.address,
            "DATABASE_URL": postgres.address,
            "KFMAP_UPLOADS_PER_MINUTE": "100000",
        }
        self.webs: list[Process] = []
        self.workers: list[Process] = []
        self.browsers: list[TimedBrowser] = []
        prepare(folder, **self.environment)

    def start(self, webs: int, workers: int) -> None:
        """Start web servers, workers and beat."""
        for at in range(workers):
            name = ("--hostname", f"worker{at}@%h")
            self.workers.append(self._process((*WORKER, *name), f"worker{at}.log"))
        self.beat = self._process(BEAT, "beat.log")
        for at in range(webs):
            port = free_port()
            command = (*_SERVER, "--bind", f"127.0.0.1:{port}")
            self.webs.append(self._process(command, f"web{at}.log"))
            self.browsers.append(TimedBrowser(f"http://127.0.0.1:{port}"))
        for browser in self.browsers:
            wait_until(browser.answers, 180)
            browser.log_in(ADMINISTRATOR, PASSWORD)

    def stop(self) -> None:
        """End everything that runs."""
        for process in (*self.webs, *self.workers, self.beat):
            process.signal_group(signal.SIGTERM)
        for process in (*self.webs, *self.workers, self.beat):
            process.stop(signal.SIGKILL)

    def _process(self, command: tuple[str, ...], log: str) -> Process:
        return Process(command, self.folder, self._logs / log, **self.environment)


@contextmanager
def deployment(folder: Path, logs: Path, webs: int = 2, workers: int = 3) -> Iterator[Deployment]:
    """Run a deployment with its data in `folder` for the length of a block."""
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server(logs))
        postgres = stack.enter_context(postgres_server())
        made = Deployment(folder, logs, redis, postgres)
        stack.callback(made.stop)
        made.start(webs, workers)
        yield made
