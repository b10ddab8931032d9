"""Jobs: the truth about work in progress, whatever broker carries it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Self

from django.db import models, transaction
from django.db.models.functions import Now

from verifier.records.models import progress
from verifier.records.models.object import BpfObject

SILENT_AFTER = timedelta(seconds=20)
SENT_AGAIN_AFTER = timedelta(seconds=10)
MAX_ATTEMPTS = 5
_FULL_QUEUE = 200


class JobLostError(Exception):
    """The job is the caller's no more: it was cancelled or parked, or another worker has it."""


@dataclass(frozen=True, slots=True)
class Due:
    """Jobs to be sent.

    `late`: they were begun and their worker fell silent or let go of them, or jobs that were sent
    after them run already; they go before all others. `waiting`: those never sent and, while the
    broker's queue is short, whatever was sent a while ago, for the queue may have been lost, and a
    second message does no harm.
    """

    late: list[int]
    waiting: list[int]

    @property
    def all(self) -> list[int]:
        """Return all of them."""
        return self.late + self.waiting


class JobQuerySet(models.QuerySet["Job"]):
    """Questions about many jobs, and the steps that two workers may take at the same time.

    Times are compared by the database's clock, for those of the workers may differ.
    """

    def open(self) -> Self:
        """Return the jobs that wait or run."""
        return self.filter(state__in=Job.OPEN)

    def not_over(self) -> Self:
        """Return the jobs that are to be done some time: open, or put aside."""
        return self.filter(state__in=Job.TO_BE_DONE)

    def silent(self) -> Self:
        """Return the running jobs without a sign of life; one from the future is none."""
        heard = models.Q(heartbeat__gte=Now() - SILENT_AFTER, heartbeat__lte=Now() + SILENT_AFTER)
        return self.filter(~heard | models.Q(heartbeat=None), state=Job.State.RUNNING)

    def unfinished(self) -> Self:
        """Return the jobs nobody works on: queued, or running without a sign of life."""
        silent = self.model.objects.silent().values("pk")
        return self.filter(models.Q(state=Job.State.QUEUED) | models.Q(pk__in=silent))

    def cancel(self) -> int:
        """End the jobs that are not over; a worker that has one notices when it next says so."""
        return self.not_over().update(state=Job.State.CANCELLED, step="", finished_at=Now())

    def park(self) -> int:
        """Put open jobs aside until somebody has them go on."""
        return self.open().update(state=Job.State.PARKED, step="", sent_at=None)

    def retry(self) -> list[int]:
        """Queue jobs once more, as new ones, and return them: put aside, ended early, or hanging.

        One that waits is sent again. An object with an open job gets no second one.
        """
        stopped = (Job.State.PARKED, Job.State.FAILED, Job.State.CANCELLED)
        busy = Job.objects.open().values("object")
        again = models.Q(state__in=stopped) & ~models.Q(object__in=busy)
        again |= models.Q(state=Job.State.QUEUED) | models.Q(pk__in=Job.objects.silent())
        latest = Job.objects.filter(object=models.OuterRef("object")).values("pk")[:1]
        chosen = list(self.filter(again, pk=models.Subquery(latest)).values_list("pk", flat=True))
        Job.objects.filter(pk__in=chosen).update(
            state=Job.State.QUEUED, attempts=0, sent_at=None, problem="", finished_at=None
        )
        return chosen

    def due(self, in_queue: int) -> Due:
        """Note as sent, and return, the jobs of which the broker may have no message."""
        with transaction.atomic():
            waiting = self.filter(state=Job.State.QUEUED)
            old = waiting.filter(sent_at__lt=Now() - SENT_AGAIN_AFTER).order_by("sent_at")
            running = Job.objects.filter(state=Job.State.RUNNING)
            latest = running.aggregate(latest=models.Max("sent_at"))["latest"]
            overtaken = old.filter(sent_at__lt=latest - SENT_AGAIN_AFTER) if latest else old.none()
            room = max(_FULL_QUEUE - in_queue, 0)
            silent = self.silent().filter(
                models.Q(sent_at=None) | models.Q(sent_at__lt=Now() - SENT_AGAIN_AFTER)
            )
            fresh = waiting.filter(sent_at=None).order_by("pk")
            let_go = fresh.filter(claims__gt=0)
            begun = [pk for rows in (silent, let_go, overtaken) for pk in _free(rows[:_FULL_QUEUE])]
            rest = _free(fresh[:_FULL_QUEUE]) + _free(old[:room])
            due = Due(list(dict.fromkeys(begun)), [pk for pk in rest if pk not in begun])
            Job.objects.filter(pk__in=due.all).update(sent_at=Now())
        return due

    def silence(self, job_id: int, claims: int) -> int:
        """Note that the worker with this claim is gone for good; return 0 if it has it no more."""
        mine = self.filter(pk=job_id, claims=claims, state=Job.State.RUNNING)
        return mine.update(heartbeat=None, sent_at=None)

    def claim(self, job_id: int, worker: str = "") -> Job | None:
        """Return the job to the caller if nobody works on it; a second worker gets nothing."""
        with transaction.atomic():
            mine = self.filter(pk=job_id).unfinished().select_for_update().first()
            if mine is None:
                return None
            if mine.attempts >= MAX_ATTEMPTS:
                mine.give_up()
                return None
            self.filter(pk=job_id).update(
                state=Job.State.RUNNING,
                attempts=mine.attempts + 1,
                claims=mine.claims + 1,
                worker=worker[:200],
                started_at=Now(),
                heartbeat=Now(),
                done=0,
                problem="",
            )
            mine.refresh_from_db()
        return mine


def _free(jobs: models.QuerySet[Job]) -> list[int]:
    """Return the jobs that no other process is about to send."""
    return list(jobs.select_for_update(skip_locked=True).values_list("pk", flat=True))


class Job(progress.Progress, models.Model):
    """The check of one object on every kernel it has no verdicts for."""

    class State(models.TextChoices):
        """Where the job is."""

        QUEUED = "queued", "waiting"
        RUNNING = "running", "running"
        PARKED = "parked", "put aside"
        DONE = progress.DONE, "done"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    OPEN: ClassVar[tuple[str, ...]] = (State.QUEUED, State.RUNNING)
    TO_BE_DONE = (*OPEN, State.PARKED)

    object = models.ForeignKey(BpfObject, on_delete=models.CASCADE, related_name="jobs")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED, db_index=True)
    step = models.CharField(max_length=200, blank=True, help_text="what it does now")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0, help_text="starts that came to nothing")
    claims = models.PositiveIntegerField(
        default=0, db_default=0, help_text="how often a worker took it: only the last one may write"
    )
    worker = models.CharField(max_length=200, blank=True, db_default="")
    cancel_requested = models.BooleanField(
        default=False, help_text="not read any more; releases before this one wait for it"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, help_text="when the broker was last given it")
    started_at = models.DateTimeField(null=True)
    heartbeat = models.DateTimeField(null=True, db_index=True)
    finished_at = models.DateTimeField(null=True, db_index=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["object"],
                condition=models.Q(state__in=("queued", "running")),
                name="one_open_job_an_object",
            )
        ]

    def __str__(self) -> str:
        return f"job {self.pk} ({self.state})"

    @property
    def waits_for(self) -> str:
        """Return for people what a queued job waits for, "" for other jobs."""
        if self.state != self.State.QUEUED:
            return ""
        return self.problem or ("a worker" if self.sent_at else "the queue")

    def beat(self, step: str, done: int, total: int, moved: bool = False) -> None:
        """Note progress; earlier attempts count no more once one has `moved`.

        Raises JobLostError.
        """
        values = {"step": step[:200], "done": done, "total": total, "heartbeat": Now()}
        if moved and self.attempts > 1:
            values["attempts"] = self.attempts = 1
        if not self._mine().update(**values):
            raise JobLostError

    @contextmanager
    def held(self) -> Iterator[None]:
        """Write what is written in the block only if the job is still the caller's.

        Nobody takes it over meanwhile. Raises JobLostError.
        """
        with transaction.atomic():
            if self._mine().select_for_update().values_list("pk").first() is None:
                raise JobLostError
            yield

    def release(self, why: str = "") -> None:
        """Put the job back for the next worker, as if this one had never had it.

        `why`: what has to end before another try makes sense; then it is sent again after a while.
        """
        self._mine().update(
            state=self.State.QUEUED,
            attempts=self.attempts - 1,
            step="",
            problem=why,
            sent_at=Now() if why else None,
        )

    def give_up(self) -> None:
        """Fail a job that every worker died of."""
        self.state, self.step = self.State.FAILED, ""
        self.problem = f"It was started {self.attempts} times and never came to an end."
        Job.objects.filter(pk=self.pk).update(
            state=self.state, step="", problem=self.problem, finished_at=Now()
        )

    def finish(self, state: State, problem: str = "") -> None:
        """End the job, unless it is another worker's by now."""
        self._mine().update(state=state, problem=problem, step="", finished_at=Now())

    def _mine(self) -> models.QuerySet[Job]:
        """Return the row while the claim that made this instance holds."""
        return Job.objects.filter(pk=self.pk, claims=self.claims, state=self.State.RUNNING)
