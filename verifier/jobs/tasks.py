"""Jobs for workers: they take ids only, may run twice with one result, and start after commit."""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings
from django.db import transaction

from kfmap.catalogue.models import Kernel
from verifier.engine.result_json import parse_summary, parse_verdict
from verifier.jobs.checker import CheckFailedError, Limits, check_process
from verifier.jobs.files import path_of
from verifier.jobs.kernel_files import write_kernel_files
from verifier.records import store
from verifier.records.models import BpfObject, Job

log = logging.getLogger(__name__)
_TICK_SECONDS = 1.0
_AT_ONCE = 1000
_stopping = threading.Event()


class JobStoppedError(Exception):
    """Somebody cancelled the job, or another worker took it over."""


class WorkerStopsError(Exception):
    """The worker is about to end: the job goes back to the queue."""


def ensure_job(obj: BpfObject) -> Job | None:
    """Return the open job of the object, a new one where a kernel was not asked, or none."""
    with transaction.atomic():
        present = Job.objects.open().filter(object=obj).first()
        if present is not None or obj.problem or (obj.read_at and not store.pending_kernels(obj)):
            return present
        job, is_new = Job.objects.get_or_create(object=obj, state=Job.State.QUEUED)
        if is_new:
            transaction.on_commit(partial(check_object_job.delay, job.pk))
    return job


def check_stale_objects() -> int:
    """Make jobs for the newest objects without verdicts of this engine; give how many."""
    with transaction.atomic():
        return sum(1 for obj in store.find_stale()[:_AT_ONCE] if ensure_job(obj))


def requeue_unfinished_jobs() -> None:
    """Send every job again that nobody works on; the claim sees to it that one worker gets it."""
    for job_id in Job.objects.unfinished().values_list("pk", flat=True):
        check_object_job.delay(job_id)


def resume_interrupted_jobs() -> None:
    """Send every open job again; for the start of the only worker, when nobody can be at work."""
    Job.objects.filter(state=Job.State.RUNNING).update(state=Job.State.QUEUED)
    requeue_unfinished_jobs()


@worker_ready.connect
def _requeue_at_start(**_: Any) -> None:
    requeue_unfinished_jobs()


@worker_shutting_down.connect
def let_go_of_jobs(**_: Any) -> None:
    """Have the jobs of this process go back to the queue; it is about to end."""
    _stopping.set()


@shared_task(name="verifier.tasks.check_object_job")  # messages under way keep their name
def check_object_job(job_id: int) -> None:
    """Read the object and check it on every kernel it has no verdicts for."""
    job = Job.objects.claim(job_id)
    if job is None:
        return
    try:
        _run(job)
    except JobStoppedError:
        job.finish(Job.State.CANCELLED)
    except WorkerStopsError:
        job.release()
    except Exception:
        log.exception("job %s broke off", job_id)
        job.finish(Job.State.FAILED, "The check broke off; the server's log says where.")
    else:
        job.finish(Job.State.DONE)


def _run(job: Job) -> None:
    """Check on one kernel after the other; one that breaks the check does not stop the rest."""
    kernels = store.pending_kernels(job.object)
    progress = _Progress(job, kernels)
    while progress.waiting or not job.object.read_at:
        try:
            _ask(job.object, progress)
        except CheckFailedError as error:
            progress.give_up(str(error))
        if job.object.problem:
            return


def _ask(obj: BpfObject, progress: _Progress) -> None:
    request = {
        "object": str(path_of(obj.sha256)),
        "kernels": [write_kernel_files(kernel) for kernel in progress.waiting],
    }
    limits = Limits(settings.KFMAP_CHECK_SECONDS, settings.KFMAP_CHECK_MEGABYTES)
    progress.beat()
    with check_process(limits) as process:
        for message in process.ask(request, _TICK_SECONDS):
            if message is not None:
                progress.keep(message)
            progress.beat()


class _Progress:
    """What a job has still to do, and where the answers go."""

    def __init__(self, job: Job, kernels: list[Kernel]) -> None:
        self._job, self._object = job, job.object
        self.waiting = list(kernels)
        self._total = len(kernels) + 1

    def keep(self, message: dict[str, Any]) -> None:
        """Put one message of a check process into rows."""
        if "problem" in message:
            store.save_problem(self._object, message["problem"])
        elif "summary" in message:
            store.save_summary(self._object, parse_summary(message["summary"]))
        else:
            facts_hash = message["facts_hash"]
            store.save_verdict(self._object, facts_hash, parse_verdict(message["verdict"]))
            self.waiting = [item for item in self.waiting if item.facts_hash != facts_hash]

    def give_up(self, why: str) -> None:
        """Note that the step in hand could not be done."""
        sentence = f"Could not be checked: {why}."
        if not self._object.read_at:
            store.save_problem(self._object, sentence)
        elif self.waiting:
            store.save_unchecked(self._object, self.waiting.pop(0).facts_hash, sentence)

    def beat(self) -> None:
        """Tell where the job is. Raises JobStoppedError and WorkerStopsError."""
        step = "reading the object"
        if self._object.read_at and self.waiting:
            step = f"checking on kernel {self.waiting[0].name}"
        done = self._total - len(self.waiting) - (not self._object.read_at)
        if _stopping.is_set():
            raise WorkerStopsError
        if not self._job.beat(step, done, self._total):
            raise JobStoppedError
