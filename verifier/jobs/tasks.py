"""What workers do: they take ids only, and may do it twice with one result."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutdown

from verifier.jobs.files import remove_orphans
from verifier.jobs.queue import CHECK_OBJECT
from verifier.jobs.reconcile import Ticker, reconcile
from verifier.jobs.retention import expire_uploads
from verifier.jobs.run import run_job
from verifier.jobs.stopping import end_process_if_stopping, is_stopping
from verifier.records.store import catch_up

_OLD = timedelta(hours=1)  # no upload takes so long
_ticker = Ticker()
log = logging.getLogger(__name__)


@shared_task(name=CHECK_OBJECT)
def check_object_job(job_id: int) -> None:
    """Read the object and check it on every kernel it has no verdicts for."""
    end_process_if_stopping()
    if not is_stopping():
        run_job(job_id)


@shared_task(name="verifier.tasks.reconcile_jobs")
def reconcile_jobs() -> None:
    """Send what the broker may have lost; beat asks for it, and each worker does it by itself."""
    reconcile()


@shared_task(name="verifier.tasks.tidy")
def tidy() -> None:
    """Delete what was kept long enough, and what uploads left that were cut off; beat asks."""
    if ended := expire_uploads():
        log.info("deleted %d uploads whose time was over", ended)
    if removed := remove_orphans(_OLD):
        log.info("removed %d uploads that were cut off", removed)
    catch_up()


@worker_ready.connect
def _start_ticker(**_: Any) -> None:
    _ticker.start()


@worker_shutdown.connect
def _stop_ticker(**_: Any) -> None:
    _ticker.stop()
