"""Open jobs: find out what is to be checked, and give it to the broker."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from verifier.engine.judging.choices import LoaderChoices
from verifier.jobs.reconcile import send
from verifier.records import store
from verifier.records.loaders import move_to_loader
from verifier.records.models import BpfObject, Job
from verifier.records.models.job import JobQuerySet
from verifier.spaces.access import Reader
from verifier.spaces.models import Space
from verifier.spaces.roles import Action

_AT_ONCE = 1000


def ensure_job(obj: BpfObject) -> Job | None:
    """Return the object's job that is not over, a new one where a kernel was not asked, or none.

    A new one is sent when the caller's transaction ends.
    """
    job, is_new = open_job(obj)
    if job and is_new:
        transaction.on_commit(partial(send, [job.pk]))
    return job


@transaction.atomic
def open_job(obj: BpfObject) -> tuple[Job | None, bool]:
    """Return what `ensure_job` does and whether it is new; the caller sends it."""
    present = obj.jobs.not_over().first()
    if present is not None or obj.problem:
        return present, False
    if obj.read_at and not store.pending_kernels(obj):
        store.note_checked(obj)  # a worker of a release before this one did not
        return None, False
    return Job.objects.get_or_create(object=obj, state=Job.State.QUEUED)


@transaction.atomic
def change_loader(obj: BpfObject, space: Space | None, choices: LoaderChoices) -> BpfObject:
    """Have the object of a space checked for a loader that does what the choices say; return the
    row of the object that is for this loader."""
    changed = move_to_loader(obj, space, choices)
    ensure_job(changed)
    return changed


def retry_jobs(jobs: JobQuerySet) -> int:
    """Queue jobs once more and send them; return how many that were."""
    ids = jobs.retry()
    transaction.on_commit(partial(send, ids))
    return len(ids)


def check_again(obj: BpfObject) -> bool:
    """Have an object checked on kernels that were not asked, or again where a check broke off.

    Return False where nothing is left to check. A job that waits is sent again, one that was put
    aside goes on.
    """
    if retry_jobs(obj.jobs.not_over()):
        return True
    store.forget_problems(obj)
    return ensure_job(obj) is not None


def check_stale_objects(user: Reader) -> int:
    """Make jobs for the newest objects in spaces where somebody may submit and that have no
    verdicts of this engine; return how many."""
    found = store.find_stale().where(user, Action.SUBMIT)
    with transaction.atomic():
        return sum(1 for obj in found[:_AT_ONCE] if ensure_job(obj))
