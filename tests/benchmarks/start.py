"""Starting until the first page, the first time and again, beside a command that does nothing."""

from __future__ import annotations

import signal
import tempfile
import time
from pathlib import Path

from tests.benchmarks.figure import Figure
from tests.server.process import manage, start


def run() -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first, again = _seconds_to_page(folder), _seconds_to_page(folder)
        begin = time.perf_counter()
        manage(folder, "check")
        nothing = time.perf_counter() - begin
    reference = "manage.py check"
    return [
        Figure("first start to first page", first, "s", reference, nothing),
        Figure("second start to first page", again, "s", reference, nothing),
    ]


def _seconds_to_page(folder: Path) -> float:
    begin = time.perf_counter()
    with start(folder) as running:
        status, _ = running.get("/")
        seconds = time.perf_counter() - begin
        assert status == 200
        running.stop(signal.SIGINT)
    return seconds
