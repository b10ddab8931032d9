"""Real servers for tests: a PostgreSQL cluster and a redis-server, each in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.process import free_port

_POSTGRES_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Give the address of a database in a temporary cluster; as root it runs as user postgres."""
    if not _POSTGRES_BINARIES:
        pytest.skip("PostgreSQL is not installed")
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    port = free_port()
    # Not in pytest's folder, which pytest closes to other users.
    with tempfile.TemporaryDirectory(prefix="kfmap-postgres-") as folder:
        shutil.chown(folder, user)

        def control(*args: str) -> None:
            binary = str(_POSTGRES_BINARIES[0] / "pg_ctl")
            command = [binary, *args, "-s", "-D", f"{folder}/data"]
            subprocess.run(command, user=user, check=True, cwd=folder, stdout=subprocess.DEVNULL)

        control("init", "-o", "-A trust -E UTF8")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
        control("start", "-w", "-l", f"{folder}/log", "-o", options)
        try:
            yield f"postgres://{user}@127.0.0.1:{port}/postgres"
        finally:
            control("stop", "-m", "immediate")


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a redis-server."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("redis-server is not installed")
    folder, port = tmp_path_factory.mktemp("redis"), free_port()
    server = subprocess.Popen(
        [binary, "--port", str(port), "--dir", str(folder), "--save", "", "--loglevel", "warning"],
        stdout=subprocess.DEVNULL,
    )
    try:
        time.sleep(0.5)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(10)
