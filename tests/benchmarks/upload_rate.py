"""Uploads per second with one worker and with two: accepted by HTTP, checked, and their rows read.

Both numbers are taken over the time from the first upload to the end of the last check. What two
workers can gain is bounded by the processors that are idle: the CPU time per upload, which other
load on the machine hardly moves, says how many one processor takes.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from tests.benchmarks.figure import Figure
from tests.benchmarks.processes import cpu_seconds
from tests.faults.deployment import Deployment, deployment
from tests.faults.recovery import Watch
from tests.faults.results import check_undisturbed
from tests.faults.uploads import KINDS, Uploader

_UPLOADS, _AT_ONCE = 120, 4
_PATIENCE = 300.0


def run() -> Iterator[Figure]:
    """Yield the rates, the second beside the first."""
    if not settings.configured:
        settings.configure()  # forms are encoded with Django's test client
    rates: dict[int, float] = {}
    for workers in (1, 2):
        with tempfile.TemporaryDirectory(prefix="kfmap-rate-") as name:
            folder = Path(name)
            (folder / "data").mkdir()
            with deployment(folder / "data", folder, webs=1, workers=workers) as deployed:
                rates[workers], cpu = _measure(deployed)
        load = os.getloadavg()[0]
        print(f"{workers} workers | load {load:.1f} on {os.cpu_count()} processors", flush=True)
        yield Figure(f"CPU per upload, {workers} workers", 1000 * cpu, "ms", "-", None)
        yield Figure(
            f"uploads accepted and checked, {workers} workers",
            rates[workers],
            "/s",
            "one worker",
            rates[1],
        )


def _measure(deployed: Deployment) -> tuple[float, float]:
    """Return uploads per second, and the CPU seconds of one."""
    browser = deployed.browsers[0]
    for kind in KINDS:  # what is loaded once is none of them
        check_undisturbed(browser, kind)
    uploaders = [
        Uploader(browser, f"uploader {at}", _UPLOADS // _AT_ONCE, 0) for at in range(_AT_ONCE)
    ]
    watch, before, began = Watch(deployed.postgres.address), cpu_seconds(deployed), time.monotonic()
    for uploader in uploaders:
        uploader.start()
    for uploader in uploaders:
        uploader.join()
    watch.wait_until_over(_PATIENCE)
    took, spent = time.monotonic() - began, cpu_seconds(deployed) - before
    accepted = sum(len(uploader.record.accepted) for uploader in uploaders)
    assert accepted == _UPLOADS, [uploader.record.refused for uploader in uploaders]
    return accepted / took, spent / accepted
