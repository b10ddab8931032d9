"""Jobs: the truth about work in progress, whatever broker carries it."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.db import models, transaction
from django.utils import timezone

from verifier.records.models.object import BpfObject

SILENT_AFTER = timedelta(seconds=30)
MAX_ATTEMPTS = 3


class JobQuerySet(models.QuerySet["Job"]):
    """Questions about many jobs, and the steps that two workers may take at the same time."""

    def open(self) -> Self:
        """Return the jobs that are not over."""
        return self.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING))

    def unfinished(self) -> Self:
        """Return the jobs nobody works on: queued, or running without a sign of life."""
        silent = models.Q(state=Job.State.RUNNING, heartbeat__lt=timezone.now() - SILENT_AFTER)
        return self.filter(models.Q(state=Job.State.QUEUED) | silent)

    def identity(self) -> tuple[object, ...]:
        """Return what changes with every step of every job, and so with everything uploads show."""
        waiting = models.Count("pk", filter=models.Q(state=Job.State.QUEUED))
        found = self.aggregate(
            models.Count("pk"), models.Max("heartbeat"), models.Max("finished_at"), waiting=waiting
        )
        return tuple(found.values())

    def cancel(self, obj: BpfObject) -> None:
        """End the object's waiting job; ask its running one to stop."""
        waiting = self.filter(object=obj, state=Job.State.QUEUED)
        waiting.update(state=Job.State.CANCELLED, finished_at=timezone.now())
        self.filter(object=obj, state=Job.State.RUNNING).update(cancel_requested=True)

    def claim(self, job_id: int) -> Job | None:
        """Return the job to the caller if nobody works on it; a second worker gets nothing."""
        now = timezone.now()
        with transaction.atomic():
            mine = self.filter(pk=job_id).unfinished().select_for_update().first()
            if mine is None:
                return None
            if mine.attempts >= MAX_ATTEMPTS:
                mine.give_up()
                return None
            mine.attempts += 1
            mine.state, mine.started_at, mine.heartbeat = Job.State.RUNNING, now, now
            mine.done = 0
            mine.save()
        return mine


class Job(models.Model):
    """The check of one object on every kernel it has no verdicts for."""

    class State(models.TextChoices):
        """Where the job is."""

        QUEUED = "queued", "waiting"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    object = models.ForeignKey(BpfObject, on_delete=models.CASCADE, related_name="jobs")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED, db_index=True)
    step = models.CharField(max_length=200, blank=True, help_text="what it does now")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    heartbeat = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

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
    def is_over(self) -> bool:
        """Say whether nothing more will happen."""
        return self.state not in (self.State.QUEUED, self.State.RUNNING)

    @property
    def percent(self) -> int:
        """Return the progress in percent."""
        if self.state == self.State.DONE:
            return 100
        return 100 * self.done // self.total if self.total else 0

    def beat(self, step: str, done: int, total: int) -> bool:
        """Note progress; say whether to go on: not when cancelled, nor when another took over."""
        mine = Job.objects.filter(pk=self.pk, state=self.State.RUNNING, attempts=self.attempts)
        return bool(
            mine.filter(cancel_requested=False).update(
                step=step[:200], done=done, total=total, heartbeat=timezone.now()
            )
        )

    def release(self) -> None:
        """Put the job back for the next worker, as if this one had never had it."""
        mine = Job.objects.filter(pk=self.pk, attempts=self.attempts, state=self.State.RUNNING)
        mine.update(state=self.State.QUEUED, attempts=self.attempts - 1, step="")

    def give_up(self) -> None:
        """Fail a job that every worker died of."""
        self.state, self.finished_at = self.State.FAILED, timezone.now()
        self.problem = f"It was started {self.attempts} times and never came to an end."
        self.save(update_fields=["state", "finished_at", "problem"])

    def finish(self, state: State, problem: str = "") -> None:
        """End the job, unless another worker has taken it over meanwhile."""
        mine = Job.objects.filter(pk=self.pk, attempts=self.attempts, state=self.State.RUNNING)
        mine.update(state=state, problem=problem, step="", finished_at=timezone.now())
