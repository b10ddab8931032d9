"""Memory of each process under load: pages, the API and uploads, for KFMAP_BENCHMARK_MINUTES (30).

It prints what each process holds every minute. The figure is what the last third of the time holds
beside the second: 1 is flat, and the first third fills caches.
"""

from __future__ import annotations

import itertools
import os
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

from django.conf import settings

from tests.benchmarks.figure import Figure
from tests.benchmarks.processes import name_processes, resident_megabytes
from tests.faults.deployment import Deployment, deployment
from tests.faults.results import check_undisturbed
from tests.faults.uploads import KINDS, Uploader
from tests.server.process import Browser

_EVERY_SECONDS = 20.0
_UPLOAD_EVERY = 1.0
_LIMIT = 1.05
_PAGES = (
    "/",
    "/uploads/",
    "/kernels/7.3/",
    "/kernels/7.3/kfuncs/scx_bpf_dsq_move/",
    "/kernels/6.18/matrix/",
    "/compare/6.18/7.3/",
    "/api/kernels/",
    "/api/objects/",
    "/search/?q=dsq",
    "/accounts/",
)


def run() -> Iterator[Figure]:
    """Apply the load; yield a figure per process."""
    if not settings.configured:
        settings.configure()  # forms are encoded with Django's test client
    minutes = float(os.environ.get("KFMAP_BENCHMARK_MINUTES", "30"))
    with tempfile.TemporaryDirectory(prefix="kfmap-memory-") as name:
        folder = Path(name)
        (folder / "data").mkdir()
        with deployment(folder / "data", folder, webs=1, workers=2) as deployed:
            for kind in KINDS:
                check_undisturbed(deployed.browsers[0], kind)
            yield from _measure(deployed, 60 * minutes)


def _measure(deployed: Deployment, seconds: float) -> Iterator[Figure]:
    stopped = threading.Event()
    reader = threading.Thread(target=_read_pages, args=(deployed.browsers[0], stopped), daemon=True)
    uploader = Uploader(
        deployed.browsers[0], "uploader", int(seconds / _UPLOAD_EVERY), _UPLOAD_EVERY
    )
    reader.start()
    uploader.start()
    held = _watch(deployed, seconds)
    stopped.set()
    reader.join()
    uploader.join()
    asked, sent = len(deployed.browsers[0].answers_noted), len(uploader.record.accepted)
    print(f"{asked} requests, {sent} uploads in {seconds / 60:.0f} minutes", flush=True)
    for name, values in held.items():
        third = len(values) // 3
        if third:
            before, after = mean(values[third : 2 * third]), mean(values[2 * third :])
            yield Figure(f"memory, {name}", after, "MB", "a third before", before, _LIMIT)


def _watch(deployed: Deployment, seconds: float) -> dict[str, list[float]]:
    """Return what each process held from time to time; those that ended meanwhile are left out."""
    processes, held = name_processes(deployed), defaultdict[str, list[float]](list)
    print("minute | " + " | ".join(processes), flush=True)
    began = time.monotonic()
    for at in itertools.count():
        since = time.monotonic() - began
        if since >= seconds:
            break
        values = {name: resident_megabytes(pid) for name, pid in processes.items()}
        for name, value in values.items():
            if value is not None:
                held[name].append(value)
        if at % 3 == 0:
            told = " | ".join("ended" if v is None else f"{v:.1f}" for v in values.values())
            print(f"{since / 60:.0f} | {told}", flush=True)
        time.sleep(_EVERY_SECONDS)
    return {name: held[name] for name, pid in processes.items() if resident_megabytes(pid)}


def _read_pages(browser: Browser, stopped: threading.Event) -> None:
    for path in itertools.cycle(_PAGES):
        if stopped.is_set():
            return
        status, _ = browser.get(path)
        assert status == 200, (path, status)
        time.sleep(0.1)
