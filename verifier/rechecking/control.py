"""End a recheck before its time, and go on with one that was ended; both are in the audit trail."""

from __future__ import annotations

from django.db import transaction

from verifier.rechecking.models import Recheck
from verifier.spaces.access import Reader
from verifier.spaces.models import AuditEntry


@transaction.atomic
def cancel(run: Recheck, by: Reader) -> bool:
    """End one: nothing more is sent, and nobody gets a summary. What was checked stays.

    Return whether it went on until now.
    """
    ended = run.end(Recheck.State.CANCELLED)
    if ended:
        _note(run, by, "recheck cancelled")
    return ended


@transaction.atomic
def resume(run: Recheck, by: Reader) -> bool:
    """Go on with one that was cancelled, at the objects that it had not come to.

    Return whether it was cancelled.
    """
    stopped = Recheck.objects.filter(pk=run.pk, state=Recheck.State.CANCELLED)
    goes_on = bool(stopped.update(state=Recheck.State.RUNNING, finished_at=None))
    if goes_on:
        _note(run, by, "recheck resumed")
    return goes_on


def _note(run: Recheck, by: Reader, what: str) -> None:
    if run.space is not None:
        AuditEntry.objects.record(run.space, by, what, str(run.pk))
