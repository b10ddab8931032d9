"""`manage.py up`, killed again and again while it takes uploads."""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from functools import partial
from pathlib import Path

from tests.faults.results import Results, check_undisturbed, examine, wait_for_result
from tests.faults.uploads import KINDS, Upload, Uploader
from tests.server.process import Browser, up

_UPLOADS_PER_START = 8
_FIRST_UPLOAD_SECONDS = 30.0


def kill_up(kills: int) -> tuple[int, Results, list[Path]]:
    """Kill it so often; return what was accepted, what became of it, and files without a row."""
    chance, accepted = random.Random(kills), list[Upload]()
    with tempfile.TemporaryDirectory(prefix="kfmap-embedded-") as name:
        folder = Path(name)
        with up(folder, KFMAP_UPLOADS_PER_MINUTE="100000") as running:
            running.sign_in()
            expected = {kind: check_undisturbed(running, kind) for kind in KINDS}
        session: Browser = running
        for at in range(kills):
            with up(folder, KFMAP_UPLOADS_PER_MINUTE="100000") as running:
                running.go_on_as(session)
                uploader = Uploader(running, f"start {at}", _UPLOADS_PER_START, 0.1)
                uploader.start()
                if at % 2:  # as often amid uploads as right after a start, however slow it is
                    _wait_for_an_upload(uploader)
                time.sleep(chance.uniform(0.1, 2.0))
                running.process.kill()
                uploader.join()
                accepted += uploader.record.accepted
        with (
            up(folder, KFMAP_UPLOADS_PER_MINUTE="100000") as running,
            sqlite3.connect(folder / "kfmap.sqlite3") as database,
        ):
            running.go_on_as(session)
            for upload in accepted:
                wait_for_result(running, upload.sha256, 300)
            results = examine(running, accepted, expected, partial(_count, database))
            return len(accepted), results, find_orphans(folder, database)


def _wait_for_an_upload(uploader: Uploader) -> None:
    ends_at = time.monotonic() + _FIRST_UPLOAD_SECONDS
    while not uploader.record.accepted and time.monotonic() < ends_at:
        time.sleep(0.05)


def _count(database: sqlite3.Connection, query: str) -> int:
    return int(database.execute(query).fetchone()[0])


def find_orphans(folder: Path, database: sqlite3.Connection) -> list[Path]:
    """Return the files of uploads that belong to no row."""
    known = {row[0] for row in database.execute("SELECT sha256 FROM verifier_bpfobject")}
    files = [path for path in (folder / "objects").rglob("*") if path.is_file()]
    return [path for path in files if path.name not in known]
