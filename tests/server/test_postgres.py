"""The same product on PostgreSQL: its tests of rows and pages, and `up`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.process import ROOT, up

pytestmark = pytest.mark.postgres


def test_rows_and_pages_behave_alike_on_postgresql(postgres: str) -> None:
    parts = ["tests/catalogue/test_store.py", "tests/verifier/records/test_store.py"]
    pages = ("uploads", "object_pages", "object_exports", "job_actions")
    parts += [f"tests/verifier/web/test_{name}.py" for name in pages]
    parts += ["tests/verifier/spaces/test_prepared.py"]
    parts += ["tests/verifier/jobs", "tests/api"]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *parts],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": postgres},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-3000:]


def test_up_serves_from_postgresql(postgres: str, tmp_path: Path) -> None:
    with up(tmp_path, DATABASE_URL=postgres) as running:
        assert running.get("/readyz")[0] == 200
        assert running.stop(signal.SIGINT) == 0
    assert not (tmp_path / "kfmap.sqlite3").exists()
