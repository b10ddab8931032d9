"""Real servers for tests: a PostgreSQL cluster and a redis-server, each in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server import redis
from tests.server.postgres import BINARIES, run_postgres
from tests.server.redis import BINARY


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Return the address of a database of a real server."""
    if not BINARIES:
        pytest.skip("PostgreSQL is not installed")
    with run_postgres() as address:
        yield address


@pytest.fixture(scope="session")
def redis_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a redis-server."""
    if BINARY is None:
        pytest.skip("redis-server is not installed")
    with redis.redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server.address
