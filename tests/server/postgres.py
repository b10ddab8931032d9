"""A PostgreSQL of one's own, for as long as a block lasts."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.server.process import free_port

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


class Postgres:
    """A temporary cluster; as root it runs as user postgres."""

    def __init__(self, folder: Path) -> None:
        """Make the cluster and start it."""
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._folder, self._port = folder, free_port()
        self.address = f"postgres://{self._user}@127.0.0.1:{self._port}/postgres"
        shutil.chown(folder, self._user)
        self._control("init", "-o", "-A trust -E UTF8")
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"-p {self._port} -k {self._folder} -c listen_addresses=127.0.0.1"
        self._control("start", "-w", "-l", f"{self._folder}/log", "-o", options)

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server; `immediate` leaves it to recover at the next start, as a crash does."""
        self._control("stop", "-m", mode)

    def _control(self, *args: str) -> None:
        command = [str(BINARIES[0] / "pg_ctl"), *args, "-s", "-D", f"{self._folder}/data"]
        subprocess.run(
            command, user=self._user, check=True, cwd=self._folder, stdout=subprocess.DEVNULL
        )


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Run a cluster for the length of a block."""
    # Not in pytest's folder, which pytest closes to other users.
    with tempfile.TemporaryDirectory(prefix="kfmap-postgres-") as folder:
        server = Postgres(Path(folder))
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def run_postgres() -> Iterator[str]:
    """Return the address of a database in a temporary cluster."""
    with postgres_server() as server:
        yield server.address
