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


@contextmanager
def run_postgres() -> Iterator[str]:
    """Return the address of a database in a temporary cluster; as root it runs as user postgres."""
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    port = free_port()
    # Not in pytest's folder, which pytest closes to other users.
    with tempfile.TemporaryDirectory(prefix="kfmap-postgres-") as folder:
        shutil.chown(folder, user)

        def control(*args: str) -> None:
            command = [str(BINARIES[0] / "pg_ctl"), *args, "-s", "-D", f"{folder}/data"]
            subprocess.run(command, user=user, check=True, cwd=folder, stdout=subprocess.DEVNULL)

        control("init", "-o", "-A trust -E UTF8")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
        control("start", "-w", "-l", f"{folder}/log", "-o", options)
        try:
            yield f"postgres://{user}@127.0.0.1:{port}/postgres"
        finally:
            control("stop", "-m", "immediate")
