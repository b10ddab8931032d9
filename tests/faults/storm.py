"""Uploads to a deployment while one fault after the other happens to it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import psycopg

from tests.faults.deployment import Deployment, deployment
from tests.faults.faults import FAULTS, FULL_DISK, Inflict, fill_disk
from tests.faults.recovery import Fault, Watch
from tests.faults.results import Results, check_undisturbed, examine
from tests.faults.uploads import KINDS, Uploader
from tests.server.small_disk import CAN_MOUNT, SmallDisk, small_disk

RECOVERY_SECONDS = 60.0
_DISK_MEGABYTES = 128
_PAUSE, _SHORT_PAUSE = 45.0, 4.0  # seconds before each fault


@contextmanager
def stage() -> Iterator[tuple[Deployment, SmallDisk | None]]:
    """Run a deployment whose data folder is a small disk where that can be mounted."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kfmap-faults-")))
        disk, data = None, folder / "data"
        if CAN_MOUNT:
            disk = stack.enter_context(small_disk(data, _DISK_MEGABYTES))
        data.mkdir(exist_ok=True)
        yield stack.enter_context(deployment(data, folder)), disk


def storm(
    deployed: Deployment, disk: SmallDisk | None, uploads: int, short: bool
) -> tuple[list[Fault], list[Uploader], Results]:
    """Upload while faults happen; wait for the end and look at every result."""
    expected = {kind: check_undisturbed(deployed.browsers[0], kind) for kind in KINDS}
    plan = list(_plan(disk, short))
    pause = _SHORT_PAUSE if short else _PAUSE
    count = uploads // len(deployed.browsers)
    every = sum(lasts + pause for _, _, lasts in plan) / count
    uploaders = [
        Uploader(browser, f"uploader {at}", count, every)
        for at, browser in enumerate(deployed.browsers)
    ]
    watch = Watch(deployed.postgres.address)
    watch.start()
    for uploader in uploaders:
        uploader.start()
    faults = [_inflict(deployed, watch, *fault, pause) for fault in plan]
    for uploader in uploaders:
        uploader.join()
    watch.wait_until_over(3 * RECOVERY_SECONDS)
    watch.stop()
    accepted = [upload for uploader in uploaders for upload in uploader.record.accepted]
    with psycopg.connect(deployed.postgres.address) as database:
        results = examine(deployed.browsers[0], accepted, expected, partial(_count, database))
    return faults, uploaders, results


def _count(database: psycopg.Connection, query: str) -> int:
    row = database.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def _plan(disk: SmallDisk | None, short: bool) -> Iterator[tuple[str, Inflict, float]]:
    for name, inflict, short_seconds, long_seconds in FAULTS:
        yield name, inflict, short_seconds if short else long_seconds
    if disk is not None:
        name, short_seconds, long_seconds = FULL_DISK
        yield name, fill_disk(disk), short_seconds if short else long_seconds


def _inflict(
    deployed: Deployment, watch: Watch, name: str, inflict: Inflict, seconds: float, pause: float
) -> Fault:
    time.sleep(pause)
    fault = Fault(name, began_at=time.monotonic())
    inflict(deployed, seconds)
    watch.gone(fault)
    return fault
