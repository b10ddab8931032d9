"""Keep the broker's queue in step with the jobs' rows, and tell that a worker lives.

Redis may be away, restarted or emptied, workers and their processes may be killed at any moment:
whatever a row says is open is sent again until it has ended.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterable

from django.db import DatabaseError, close_old_connections, connections
from django.db.models.functions import Now

from kfmap.catalogue.availability import find_absence
from verifier.jobs.confined import find_gaps
from verifier.jobs.processes import let_go_of_the_gone
from verifier.jobs.queue import BrokerAwayError, count_messages, send_jobs
from verifier.jobs.verdicts_ready import tell_verdicts
from verifier.records.endings import go_on_ending
from verifier.records.models import Job, Worker
from verifier.records.newest import put_files_in_spaces
from verifier.records.store import put_calls_in_objects

EVERY_SECONDS = 5.0
_also_due: list[Callable[[], None]] = []
log = logging.getLogger(__name__)


def send(job_ids: Iterable[int]) -> None:
    """Give the broker waiting jobs at once; what it does not take now is sent by `reconcile`."""
    left = set(send_jobs(job_ids := list(job_ids)))
    Job.objects.filter(pk__in=set(job_ids) - left).update(sent_at=Now())


def reconcile() -> int:
    """Send the open jobs of which the broker may have no message; return how many it took."""
    try:
        in_queue = count_messages()
    except BrokerAwayError as error:
        log.warning("the broker cannot be asked: %s", error)
        return 0
    if gone := let_go_of_the_gone():
        log.warning("%d jobs go on: the processes that had them are gone", gone)
    due = Job.objects.due(in_queue)
    left = send_jobs(due.late, late=True) + send_jobs(due.waiting)
    Job.objects.filter(pk__in=left).update(sent_at=None)
    return len(due.all) - len(left)


def also_due(step: Callable[[], None]) -> None:
    """Have tickers do something else too, at each tick; a second time changes nothing."""
    if step not in _also_due:
        _also_due.append(step)


class Ticker:
    """Reconciles every few seconds in a thread of a worker, or of a process that has none."""

    def __init__(self, takes_jobs: bool = True) -> None:
        """Make the thread; `takes_jobs`: signs of life are given in the name of a worker."""
        self.name = f"{socket.gethostname()}:{os.getpid()}" if takes_jobs else ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)

    def start(self) -> None:
        """Begin; the first sign of life is given before this returns."""
        self._tick()
        self._thread.start()

    def stop(self) -> None:
        """End, and say that the worker is gone."""
        self._stop.set()
        if self._thread.is_alive():  # it never began in a process whose server has its own
            self._thread.join(2 * EVERY_SECONDS)
        try:
            if self.name:
                Worker.objects.leave(self.name)
        except DatabaseError:
            log.warning("the database does not take the end of worker %s", self.name)

    def _run(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            self._tick()
        connections.close_all()

    def _tick(self) -> None:
        """Do what is due. What is away now may be back at the next tick."""
        close_old_connections()
        try:
            if self.name:
                Worker.objects.sign(self.name, " ".join(find_gaps()))
            reconcile()
            tell_verdicts()
            put_files_in_spaces()
            put_calls_in_objects()
            for step in _also_due:
                step()
            go_on_ending()
        except Exception as error:
            if find_absence(error):
                log.warning("the jobs cannot be looked through now: %s", str(error).strip())
            else:
                log.exception("the jobs could not be looked through; the next look is soon")
            connections.close_all()
