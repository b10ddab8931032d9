"""Take every recheck a little further: asked for at each tick, by any number of workers.

A step is short, for the worker's sign of life waits for it, and what it did is in rows: the next
one, of whatever worker, goes on from there.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from kfmap.catalogue.availability import find_absence
from verifier.jobs.opening import open_job
from verifier.jobs.reconcile import send
from verifier.rechecking.compare import find_changes, read_after, read_before
from verifier.rechecking.left_behind import check_what_was_left_behind
from verifier.rechecking.models import Recheck, RecheckedObject
from verifier.rechecking.noticing import notice_changes
from verifier.rechecking.telling import tell_owners, tell_spaces
from verifier.records import store
from verifier.records.models import BpfObject, Job

_SECONDS = 2.0
_AT_ONCE = 20  # jobs: who uploads meanwhile does not wait long
_BATCH = 200
_MOST_ATTEMPTS = 3
_CANCELLED = "Its check was cancelled."
_PARKED = "Its check was put aside."
_NO_END = "It was checked several times, and answers are still missing."
_BROKE_OFF = "Comparing its answers broke off; the server's log says where."
log = logging.getLogger(__name__)
State = RecheckedObject.State


def advance() -> None:
    """Notice what changed; then compare what was checked, send some more, and end what is over."""
    notice_changes()
    check_what_was_left_behind()
    ends_at = time.monotonic() + _SECONDS
    for run in Recheck.objects.open().order_by("pk"):
        for item in run.items.filter(state=State.SENT).select_related("object")[:_BATCH]:
            if time.monotonic() < ends_at:
                _settle_safely(run, item)
        _send_more(run, ends_at)
        if not run.items.unfinished().exists():
            _end(run)


def _send_more(run: Recheck, ends_at: float) -> None:
    room = _room()
    for item in run.items.filter(state=State.WAITING).select_related("object")[:_BATCH]:
        missing = _is_missing(item.object)
        if time.monotonic() > ends_at or (missing and room <= 0):
            return
        room -= missing
        mine = RecheckedObject.objects.filter(pk=item.pk, state=State.WAITING)
        if mine.update(state=State.SENT, sent_at=Now(), computed=missing):
            item.refresh_from_db()
            _settle_safely(run, item)


def _room() -> int:
    """Return how many more objects may be sent now."""
    sent = RecheckedObject.objects.filter(computed=True)
    lately = sent.filter(sent_at__gt=Now() - timedelta(minutes=1)).count()
    under_way = sent.filter(state=State.SENT, recheck__in=Recheck.objects.open()).count()
    return min(settings.KFMAP_RECHECKS_PER_MINUTE - lately, _AT_ONCE - under_way)


def _is_missing(obj: BpfObject) -> bool:
    """Return whether there is a check that is not stored yet."""
    return not obj.problem and (not obj.read_at or bool(store.pending_kernels(obj)))


def _settle_safely(run: Recheck, item: RecheckedObject) -> None:
    """Settle an object; one that breaks the step is left, or it would hold up all others."""
    try:
        _settle(run, item)
    except Exception as error:
        if find_absence(error):
            raise  # the next tick tries again
        log.exception("object %s of recheck %s is left", item.object_id, run.pk)
        RecheckedObject.objects.filter(pk=item.pk).update(state=State.LEFT, problem=_BROKE_OFF)


def _settle(run: Recheck, item: RecheckedObject) -> None:
    """Keep what came of an object whose job is over; have checked what is still missing."""
    if not item.before:  # before anything is checked, or a check that is replaced would be gone
        item.before = read_before(run, item.object)
        RecheckedObject.objects.filter(pk=item.pk).update(before=item.before)
    job = item.object.jobs.first()
    if job is not None and not job.is_over:
        return
    problem = item.object.problem
    if _is_missing(item.object):
        problem = _find_problem(item, job)
        if not problem:
            _check(item)
            return
    after = read_after(run, item.object)
    changes = find_changes(run, item.before, after)
    RecheckedObject.objects.filter(pk=item.pk, state=State.SENT).update(
        state=State.LEFT if problem else State.DONE,
        problem=problem,
        after=after,
        changes=[change.plain for change in changes],
    )


def _find_problem(item: RecheckedObject, job: Job | None) -> str:
    """Return why an object is not checked any more, "" where another job is to be opened."""
    if job is not None and job.state == Job.State.PARKED:
        return _PARKED
    if item.attempts >= _MOST_ATTEMPTS:
        return _NO_END
    ended = job.finished_at if job is not None else None
    if job is None or ended is None or item.sent_at is None or ended < item.sent_at:
        return ""
    if job.state == Job.State.CANCELLED:
        return _CANCELLED
    return job.problem if job.state == Job.State.FAILED else ""


def _check(item: RecheckedObject) -> None:
    RecheckedObject.objects.filter(pk=item.pk).update(attempts=item.attempts + 1)
    job, is_new = open_job(item.object)
    if job is not None and is_new:
        send([job.pk])


@transaction.atomic
def _end(run: Recheck) -> None:
    if run.end(Recheck.State.DONE):
        tell_owners(run)
        tell_spaces(run)
