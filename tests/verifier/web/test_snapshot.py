"""A page about an object never shows half of two readings of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.postgres import BINARIES, run_postgres
from tests.server.process import ROOT, environment


def run_race(folder: Path, **changes: str) -> None:
    """Have the object read again while its page is made."""
    changes["DJANGO_SETTINGS_MODULE"] = "kfmap.settings"
    ended = subprocess.run(
        [sys.executable, "-m", "tests.verifier.web.snapshot_race"],
        cwd=ROOT,
        env=environment(folder, **changes),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def test_object_page_reads_one_snapshot(tmp_path: Path) -> None:
    run_race(tmp_path)


@pytest.mark.postgres
def test_object_page_reads_one_snapshot_of_postgresql(tmp_path: Path) -> None:
    if not BINARIES:
        pytest.skip("PostgreSQL is not installed")
    with run_postgres() as address:
        run_race(tmp_path, DATABASE_URL=address)
