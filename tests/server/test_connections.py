"""Kept connections to PostgreSQL: one that the server ended is not taken for a live one."""

from __future__ import annotations

import psycopg
import pytest

from kfmap.server.connections import is_quiet
from tests.server.process import wait_until

pytestmark = pytest.mark.postgres


def test_connection_that_the_server_ended_is_not_quiet(postgres: str) -> None:
    with psycopg.connect(postgres) as kept, psycopg.connect(postgres, autocommit=True) as other:
        assert kept.execute("SELECT 1").fetchone() == (1,)
        assert is_quiet(kept)
        other.execute("SELECT pg_terminate_backend(%s)", [kept.info.backend_pid])
        wait_until(lambda: not is_quiet(kept))
        kept.close()  # leaving the block would send it a COMMIT


def test_connection_that_is_closed_or_was_never_made_is_not_quiet(postgres: str) -> None:
    kept = psycopg.connect(postgres)
    kept.close()
    assert not is_quiet(kept)
    assert not is_quiet(None)
