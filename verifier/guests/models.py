"""Opinions of booted kernels: what was asked, how far it is, and what the kernel said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models.functions import Now

from verifier.opinions.opinion import KernelOpinion
from verifier.opinions.opinion_json import parse_opinion
from verifier.records.models import BpfObject, progress

SILENT_AFTER = timedelta(seconds=40)  # a loader is compiled without a sign of life
MAX_ATTEMPTS = 3


class OpinionLostError(Exception):
    """The opinion is the caller's no more: it was cancelled, or another worker has it."""


class OpinionQuerySet(models.QuerySet["Opinion"]):
    """Questions about many opinions, and the steps that two workers may take at the same time."""

    def open(self) -> Self:
        """Return those that wait or run."""
        return self.filter(state__in=Opinion.OPEN)

    def current(self) -> Self:
        """Return the latest that came to an end of each object and kernel, for what the loader of
        the object does now."""
        done = self.filter(state=Opinion.State.DONE, loader_key=models.F("object__loader_key"))
        newer = Opinion.objects.filter(
            object=models.OuterRef("object"),
            kernel=models.OuterRef("kernel"),
            loader_key=models.OuterRef("loader_key"),
            state=Opinion.State.DONE,
            pk__gt=models.OuterRef("pk"),
        )
        return done.filter(~models.Exists(newer))

    def silent(self) -> Self:
        """Return those whose worker was not heard of for a while."""
        return self.filter(state=Opinion.State.RUNNING, heartbeat__lt=Now() - SILENT_AFTER)

    def cancel(self) -> int:
        """End those that are open; a guest is stopped when its worker next looks."""
        return self.open().update(state=Opinion.State.CANCELLED, step="", finished_at=Now())

    def requeue_lost(self) -> None:
        """Queue what a worker died of, or give it up after the last attempt."""
        lost = self.silent()
        lost.filter(attempts__gte=MAX_ATTEMPTS).update(
            state=Opinion.State.FAILED,
            step="",
            finished_at=Now(),
            problem=f"It was started {MAX_ATTEMPTS} times, and each time its worker ended.",
        )
        lost.update(state=Opinion.State.QUEUED, step="", worker="")

    def claim_next(self, worker: str) -> Opinion | None:
        """Claim the opinion that has waited longest for the caller, None where none waits."""
        with transaction.atomic():
            waiting = self.filter(state=Opinion.State.QUEUED).order_by("pk")
            found = waiting.select_for_update(skip_locked=_can_skip()).first()
            if found is None:
                return None
            found.state, found.worker = Opinion.State.RUNNING, worker
            found.claims, found.attempts = found.claims + 1, found.attempts + 1
            self.filter(pk=found.pk).update(
                state=found.state,
                worker=worker,
                claims=found.claims,
                attempts=found.attempts,
                step="booting the kernel",
                started_at=Now(),
                heartbeat=Now(),
            )
            return found


def _can_skip() -> bool:
    return connection.features.has_select_for_update_skip_locked


class Opinion(progress.Progress, models.Model):
    """What one kernel says of one object, or the work on it.

    `kernel` is the name in the map. `loader`, `loader_key`: what the object's loader does, as
    BpfObject has them. `data` is a verifier.opinions.opinion_json document once it is done.
    """

    class State(models.TextChoices):
        """Where the work is."""

        QUEUED = "queued", "waiting"
        RUNNING = "running", "running"
        DONE = progress.DONE, "done"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    OPEN: ClassVar[tuple[str, ...]] = (State.QUEUED, State.RUNNING)

    object = models.ForeignKey(BpfObject, on_delete=models.CASCADE, related_name="opinions")
    kernel = models.CharField(max_length=100)
    loader = models.JSONField(default=dict, blank=True)
    loader_key = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    step = models.CharField(max_length=200, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True)
    data = models.JSONField(null=True)
    differing = models.PositiveIntegerField(
        default=0, help_text="programs of which kernel and verdict contradicted when last compared"
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="opinions"
    )
    worker = models.CharField(max_length=200, blank=True)
    claims = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    heartbeat = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = OpinionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["object", "kernel"],
                condition=models.Q(state__in=("queued", "running")),
                name="one_open_opinion_an_object_and_kernel",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kernel} on {self.object}"

    def read(self) -> KernelOpinion:
        """Return what the kernel said; only of an opinion that is done."""
        assert self.data is not None
        return parse_opinion(self.data)

    def beat(self, step: str, done: int, total: int) -> None:
        """Note progress. Raises OpinionLostError."""
        values = {"step": step[:200], "done": done, "total": total, "heartbeat": Now()}
        if not self._mine().update(**values):
            raise OpinionLostError

    def finish(self, data: dict[str, Any]) -> None:
        """Keep what the kernel said, unless the opinion is another worker's by now."""
        self._mine().update(
            state=self.State.DONE, data=data, step="", problem="", finished_at=Now()
        )

    def fail(self, problem: str) -> None:
        """End it with a reason for people."""
        self._mine().update(state=self.State.FAILED, problem=problem, step="", finished_at=Now())

    def release(self) -> None:
        """Put it back for the next worker, as if this one had never had it."""
        self._mine().update(
            state=self.State.QUEUED, attempts=models.F("attempts") - 1, step="", worker=""
        )

    def _mine(self) -> models.QuerySet[Opinion]:
        return Opinion.objects.filter(pk=self.pk, claims=self.claims, state=self.State.RUNNING)
