"""Do one job: have the object read and checked, kernel by kernel, and keep what comes of it."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import Any

from django.conf import settings

from kfmap.catalogue.availability import NO_ROOM, STORAGE_AWAY, find_absence
from kfmap.catalogue.models import Kernel
from kfmap.log_lines import bound
from verifier.engine.result import ObjectVerdict
from verifier.engine.result_json import parse_summary, parse_verdict
from verifier.jobs.checker import CheckCutOffError, CheckFailedError, Limits, lend_process
from verifier.jobs.files import MissingBytesError, read_chunks
from verifier.jobs.patience import patiently
from verifier.jobs.processes import name_process
from verifier.jobs.stopping import WorkerStopsError, is_stopping
from verifier.jobs.supply import KernelGoneError, identify_map, supply
from verifier.records import store
from verifier.records.loader_targets import target_objects
from verifier.records.models import BpfObject, CheckTime, Job
from verifier.records.models.job import JobLostError

_TICK_SECONDS = 1.0
_CLAIM_SECONDS, _END_SECONDS = 20.0, 120.0
_CUT_OFF_TIMES = 3
_WAITS_FOR = {NO_ROOM: "room on the disk", STORAGE_AWAY: "the storage of objects"}
_BROKE_OFF = "The check broke off; the server's log says where."
_NO_BYTES = (
    "The worker does not find the bytes of this object: every host needs the same data folder or "
    "KFMAP_OBJECT_STORAGE. Put that right, then try again."
)
log = logging.getLogger(__name__)


def run_job(job_id: int) -> None:
    """Do the job unless another worker has it; its row says what came of it, or falls silent."""
    job = patiently(partial(Job.objects.claim, job_id, name_process()), _CLAIM_SECONDS)
    if job is None:
        return
    with bound(job=job.pk, object=job.object.sha256[:12]):
        _do(job)


def _do(job: Job) -> None:
    try:
        _check(job)
    except JobLostError:
        return
    except WorkerStopsError:
        end = job.release
    except Exception as error:  # noqa: BLE001 - the edge of a job: any failure ends in its row
        end = _after(error, job)
    else:
        end = partial(job.finish, Job.State.DONE)
    patiently(end, _END_SECONDS)


def _after(error: Exception, job: Job) -> partial[None]:
    """Return how a job ends that something went wrong in."""
    if absence := find_absence(error):
        log.warning("job %s waits: %s", job.pk, str(error).strip())
        return partial(job.release, _WAITS_FOR.get(absence, "the database"))
    log.error("job %s broke off", job.pk, exc_info=error)
    problem = _NO_BYTES if isinstance(error, MissingBytesError) else _BROKE_OFF
    return partial(job.finish, Job.State.FAILED, problem)


def _check(job: Job) -> None:
    """Check on one kernel after the other; one that breaks the check does not stop the rest."""
    progress = Progress(job, store.pending_kernels(job.object))
    cut_off = 0
    while progress.waiting or not job.object.read_at:
        try:
            _ask(job.object, progress)
        except CheckCutOffError as error:
            cut_off += 1
            if cut_off == _CUT_OFF_TIMES:
                progress.give_up(str(error))
        except CheckFailedError as error:
            progress.give_up(str(error))
        except KernelGoneError as gone:
            progress.leave_out(str(gone))
        progress.write()
        if job.object.problem:
            return
    with job.held():
        store.note_checked(job.object)  # also where all verdicts were there already


def _ask(obj: BpfObject, progress: Progress) -> None:
    request = {
        "size": obj.size,
        "kernels": [kernel.facts_hash for kernel in progress.waiting],
        "known": identify_map(),
        "loader": obj.loader,
    }
    limits = Limits(settings.KFMAP_CHECK_SECONDS, settings.KFMAP_CHECK_MEGABYTES)
    give = partial(supply, objects=target_objects(obj.loader))
    progress.write()
    with lend_process(limits) as process:
        for message in process.ask(request, read_chunks(obj.sha256), give, _TICK_SECONDS):
            if message is not None:
                progress.take(message)
            progress.write_in_time()


class Progress:
    """What a job has still to do, and where the answers go.

    Verdicts are written once a second, all that came meanwhile together: a check on one kernel
    takes a few ms, and a transaction of its own three times as long.
    """

    def __init__(self, job: Job, kernels: list[Kernel]) -> None:
        self._job, self._object = job, job.object
        self.waiting = list(kernels)
        self._total = len(kernels) + 1
        self._step_began = self._written_at = time.monotonic()
        self._wrote_some = False
        self._verdicts: dict[str, ObjectVerdict] = {}
        self._seconds: dict[str, float] = {}

    def take(self, message: dict[str, Any]) -> None:
        """Take one message of a check process. Raises JobLostError."""
        if "verdict" in message:
            self._take_verdict(message["facts_hash"], message["verdict"])
        else:
            with self._job.held():
                if "problem" in message:
                    store.save_problem(self._object, message["problem"])
                else:
                    store.save_summary(self._object, parse_summary(message["summary"]))
        self._step_began = time.monotonic()

    def _take_verdict(self, facts_hash: str, verdict: dict[str, Any]) -> None:
        self._verdicts[facts_hash] = parse_verdict(verdict)
        took = time.monotonic() - self._step_began
        named = (kernel.name for kernel in self.waiting if kernel.facts_hash == facts_hash)
        self._seconds.update(dict.fromkeys(named, took))
        self.leave_out(facts_hash)

    def write_in_time(self) -> None:
        """Write where a second has passed, or the worker stops. Raises what `write` does.

        The first verdict is written at once: a start that is cut off then came to something.
        """
        is_first = self._verdicts and not self._wrote_some
        if is_first or is_stopping() or time.monotonic() - self._written_at >= _TICK_SECONDS:
            self.write()

    def write(self) -> None:
        """Put the verdicts and where the job is into rows.

        Raises JobLostError, and WorkerStopsError once all is written.
        """
        if self._verdicts:
            with self._job.held():
                store.save_verdicts(self._object, self._verdicts)
                CheckTime.objects.add(self._seconds)
            self._verdicts, self._seconds, self._wrote_some = {}, {}, True
        self._beat()
        self._written_at = time.monotonic()

    def leave_out(self, facts_hash: str) -> None:
        """Wait for no more verdicts on a kernel."""
        self.waiting = [item for item in self.waiting if item.facts_hash != facts_hash]

    def give_up(self, why: str) -> None:
        """Note that the step in hand could not be done. Raises JobLostError."""
        sentence = f"Could not be checked: {why}."
        with self._job.held():
            if not self._object.read_at:
                store.save_problem(self._object, sentence)
            elif self.waiting:
                store.save_unchecked(self._object, self.waiting.pop(0).facts_hash, sentence)

    def _beat(self) -> None:
        step = "reading the object"
        if self._object.read_at and self.waiting:
            step = f"checking on kernel {self.waiting[0].name}"
        done = self._total - len(self.waiting) - (not self._object.read_at)
        if is_stopping():
            raise WorkerStopsError
        moved = len(self.waiting) < self._total - 1
        self._job.beat(step, done, self._total, moved)
