"""A redis-server of one's own, to be stopped, hung and emptied."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.server.process import free_port, wait_until

BINARY = shutil.which("redis-server")


class Redis:
    """A server that keeps nothing on disk: what it held is gone when it stops."""

    def __init__(self, folder: Path) -> None:
        """Start it."""
        self._folder, self._port = folder, free_port()
        self.address = f"redis://127.0.0.1:{self._port}/0"
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        assert BINARY is not None
        options = ["--port", str(self._port), "--dir", str(self._folder), "--save", ""]
        self._process = subprocess.Popen(
            [BINARY, *options, "--loglevel", "warning"], stdout=subprocess.DEVNULL
        )
        wait_until(self._answers)

    def stop(self) -> None:
        """End it as a power cut does."""
        self._process.kill()
        self._process.wait()

    def flush(self) -> None:
        """Forget everything."""
        with redis.Redis.from_url(self.address) as client:
            client.flushall()

    @contextmanager
    def hung(self, seconds: float = 0) -> Iterator[None]:
        """Have it take connections and answer nothing, for the length of a block at least."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
            time.sleep(seconds)
        finally:
            self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.address) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


@contextmanager
def redis_server(folder: Path) -> Iterator[Redis]:
    """Run a server for the length of a block."""
    server = Redis(folder)
    try:
        yield server
    finally:
        server.stop()
