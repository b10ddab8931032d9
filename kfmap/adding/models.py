"""Where an imported kernel came from, and the jobs that add kernels from the browser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models, transaction
from django.db.models.functions import Greatest, Now
from django.urls import reverse

from kfmap.catalogue.models import Kernel
from verifier.records.models.progress import Progress


class Provenance(models.Model):
    """What an imported kernel was read from, for its page."""

    kernel = models.OneToOneField(Kernel, on_delete=models.CASCADE, related_name="provenance")
    source = models.CharField(max_length=500, help_text="where its tree was, in words")
    commit = models.CharField(max_length=64, blank=True)
    description = models.CharField(max_length=200, blank=True, help_text="git describe")
    dirty = models.BooleanField(default=False, help_text="files differed from the commit")
    remarks = models.JSONField(default=list, help_text="what was said when it was read")
    doubts = models.JSONField(default=list, help_text="what it was taken in spite of")
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "provenances"

    def __str__(self) -> str:
        return f"where {self.kernel} came from"

    @property
    def commit_in_words(self) -> str:
        """Return the commit for people, "" where the tree was no git checkout."""
        if not self.commit:
            return ""
        text = f"commit {self.commit[:12]}"
        if self.description and not self.commit.startswith(self.description):
            text += f" ({self.description})"
        return f"{text}, with changes that were not committed" if self.dirty else text


SILENT_AFTER = timedelta(seconds=40)  # saving a kernel gives no sign of life meanwhile
MAX_ATTEMPTS = 3


class AdditionQuerySet(models.QuerySet["Addition"]):
    """Questions about many jobs, and the steps that two workers may take at the same time."""

    def open(self) -> Self:
        """Return the jobs that wait or run."""
        return self.filter(state__in=Addition.OPEN)

    def idle(self) -> Self:
        """Return the open jobs that nobody works on: waiting, or without a sign of life."""
        silent = models.Q(state=Addition.State.RUNNING, heartbeat__lt=Now() - SILENT_AFTER)
        return self.filter(models.Q(state=Addition.State.QUEUED) | silent)

    def unsent(self) -> Self:
        """Return the idle jobs of which the broker may have no message."""
        return self.idle().filter(
            models.Q(sent_at=None) | models.Q(sent_at__lt=Now() - SILENT_AFTER)
        )

    def claim(self, pk: int) -> Addition | None:
        """Return a job to the caller if nobody works on it; a second worker gets nothing."""
        with transaction.atomic():
            mine = self.filter(pk=pk).idle().select_for_update().first()
            if mine is None:
                return None
            if mine.attempts >= MAX_ATTEMPTS:
                mine.finish(Addition.State.FAILED, "It was started three times and never ended.")
                return None
            self.filter(pk=pk).update(
                state=Addition.State.RUNNING,
                attempts=mine.attempts + 1,
                started_at=Now(),
                heartbeat=Now(),
            )
            mine.refresh_from_db()
        return mine


class Addition(Progress, models.Model):
    """A kernel that somebody adds from the browser or by the API: what was given, and its job."""

    class State(models.TextChoices):
        """Where the job is."""

        QUEUED = "queued", "waiting"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    OPEN: ClassVar[tuple[str, ...]] = (State.QUEUED, State.RUNNING)

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED, db_index=True)
    step = models.CharField(max_length=200, blank=True)
    done = models.PositiveIntegerField(default=0, help_text="steps that are over")
    path = models.CharField(max_length=500, blank=True, help_text="a folder or file of the server")
    name = models.CharField(max_length=63, blank=True)
    label = models.CharField(max_length=300, blank=True)
    replace = models.BooleanField(default=False)
    anyway = models.BooleanField(default=False)
    estimate = models.BooleanField(default=False, help_text="only types: rules of the nearest")
    problem = models.TextField(blank=True)
    kernel = models.ForeignKey(Kernel, null=True, on_delete=models.SET_NULL, related_name="+")
    nearest = models.CharField(max_length=63, blank=True, help_text="the nearest bundled kernel")
    difference = models.JSONField(default=dict, help_text="how an estimate's types differ")
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, help_text="when the broker was last given it")
    started_at = models.DateTimeField(null=True)
    heartbeat = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = AdditionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"addition {self.pk} ({self.state})"

    def get_absolute_url(self) -> str:
        """Return the address of the job's page."""
        return reverse("kernel-addition", args=[self.pk])

    @property
    def given(self) -> str:
        """Return the name of what was given: the kernel's, until it has one."""
        parts = {part.kind: part.name for part in self.parts.all()}
        kinds = (GivenPart.Kind.TREE, GivenPart.Kind.EVIDENCE, GivenPart.Kind.TYPES)
        return self.path or next((parts[kind] for kind in kinds if kind in parts), "a kernel")

    @property
    def total(self) -> int:
        """Return how many steps it takes: those of the reading process, one before, one after."""
        if self.estimate:
            return 5
        return 3 if any(part.kind == GivenPart.Kind.EVIDENCE for part in self.parts.all()) else 7

    def beat(self, step: str, done: int) -> bool:
        """Note progress; return whether the job is still to be done.

        One that was begun anew stays as far as it had come until it comes further.
        """
        furthest = Greatest(models.F("done"), done)
        return bool(self._mine().update(step=step[:200], done=furthest, heartbeat=Now()))

    def complete(self, kernel: Kernel, nearest: str, difference: dict[str, Any]) -> bool:
        """End the job with its kernel; return whether it was still to be done."""
        ended = self._mine().update(
            state=self.State.DONE,
            step="",
            finished_at=Now(),
            kernel=kernel,
            nearest=nearest,
            difference=difference,
        )
        return bool(ended)

    def _mine(self) -> AdditionQuerySet:
        """Return the row, as long as nobody has ended the job or begun it anew."""
        return Addition.objects.filter(pk=self.pk, state=self.State.RUNNING, attempts=self.attempts)

    def release(self) -> None:
        """Put the job back for the next worker, as if this one had never had it."""
        Addition.objects.filter(pk=self.pk, state=self.State.RUNNING).update(
            state=self.State.QUEUED, attempts=self.attempts - 1, step="", sent_at=None
        )

    def finish(self, state: str, problem: str = "") -> None:
        """End the job, unless it has ended."""
        Addition.objects.filter(pk=self.pk).open().update(
            state=state, problem=problem, step="", finished_at=Now()
        )


def _storage() -> Storage:
    return storages["kernels"]


def _place(part: GivenPart, name: str) -> str:
    return f"{part.addition_id}/{part.kind}"


class GivenPart(models.Model):
    """A file that was given for an addition; its bytes go when the job is over."""

    class Kind(models.TextChoices):
        """What the file is."""

        TREE = "tree", "source"
        CONFIG = "config", "configuration"
        TYPES = "types", "image or BTF"
        EVIDENCE = "evidence", "evidence of a probe"

    addition = models.ForeignKey(Addition, on_delete=models.CASCADE, related_name="parts")
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()
    file = models.FileField(storage=_storage, upload_to=_place, max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["addition", "kind"], name="one_part_a_kind")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.name}"
