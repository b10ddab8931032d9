"""Real servers for tests: a PostgreSQL cluster and a redis-server, each in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.process import free_port

_POSTGRES_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a database in a temporary cluster; as root it runs as user postgres."""
    if not _POSTGRES_BINARIES:
        pytest.skip("PostgreSQL is not installed")
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder, port = tmp_path_factory.mktemp("postgres"), free_port()
    if os.geteuid() == 0:
        _open_to(user, folder)
    data, options = folder / "data", f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"

    def control(*args: str) -> None:
        binary = str(_POSTGRES_BINARIES[0] / "pg_ctl")
        command = [binary, *args, "-s", "-D", str(data)]
        subprocess.run(command, user=user, check=True, cwd=folder, stdout=subprocess.DEVNULL)

    control("init", "-o", "-A trust -E UTF8")
    control("start", "-w", "-l", str(folder / "log"), "-o", options)
    try:
        yield f"postgres://{user}@127.0.0.1:{port}/postgres"
    finally:
        control("stop", "-m", "immediate")


def _open_to(user: str, folder: Path) -> None:
    """Let the user reach the folder, which pytest makes for the test's own user."""
    for part in (folder, *folder.parents[:2]):
        part.chmod(0o755)
    shutil.chown(folder, user, user)


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
