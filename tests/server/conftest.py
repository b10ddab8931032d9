"""Real servers for tests: a PostgreSQL cluster and a redis-server, each in a folder of its own."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.server.postgres import BINARIES, run_postgres
from tests.server.process import free_port


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Return the address of a database of a real server."""
    if not BINARIES:
        pytest.skip("PostgreSQL is not installed")
    with run_postgres() as address:
        yield address


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a redis-server."""
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
