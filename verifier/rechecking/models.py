"""Rows of rechecks: what was noticed last, what is checked again and why, and what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse

from verifier.records.models import BpfObject
from verifier.spaces.access import Reader, may, sees_everything
from verifier.spaces.models import Space
from verifier.spaces.roles import Action


class Noticed(models.Model):
    """The kernels, policies and engine that were noticed last, in one row.

    `turn` rises with each change, so that of two workers that notice one only one acts on it.
    """

    turn = models.PositiveIntegerField(default=0)
    moment = models.JSONField()

    def __str__(self) -> str:
        return f"what was noticed at turn {self.turn}"


class RecheckQuerySet(models.QuerySet["Recheck"]):
    """Questions about many rechecks."""

    def visible_to(self, user: Reader) -> Self:
        """Return those that somebody may see: of spaces they see, and, with an account, of all."""
        if sees_everything(user):
            return self.all()
        seen = models.Q(space__in=Space.objects.visible_to(user).values("pk"))
        if not isinstance(user, AnonymousUser) and user.is_active:
            seen |= models.Q(space=None)
        return self.filter(seen)

    def open(self) -> Self:
        """Return those that go on."""
        return self.filter(state=Recheck.State.RUNNING)


class Recheck(models.Model):
    """Objects checked again for one reason: all of them, or where a policy changed a space's.

    `before` and `now` are what answers stood on and stand on, as `verifier.rechecking.noticing`
    reads it.
    """

    class State(models.TextChoices):
        """Where it is."""

        RUNNING = "running", "running"
        DONE = "done", "done"
        CANCELLED = "cancelled", "cancelled"

    reason = models.TextField()
    space = models.ForeignKey(Space, on_delete=models.CASCADE, null=True, related_name="rechecks")
    before = models.JSONField()
    now = models.JSONField()
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    objects = RecheckQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.reason

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return reverse("recheck", args=[self.pk])

    @property
    def is_over(self) -> bool:
        """Return whether nothing more will happen."""
        return self.state != self.State.RUNNING

    def may_be_cancelled_by(self, user: Reader) -> bool:
        """Return whether somebody may end it: who maintains the space, else an administrator."""
        if self.space is None:
            return sees_everything(user)
        return may(user, Action.MANAGE, self.space)

    def end(self, state: State) -> bool:
        """End it; return whether it was the caller who did."""
        running = Recheck.objects.open().filter(pk=self.pk)
        return bool(running.update(state=state, finished_at=Now()))


@dataclass(frozen=True, slots=True)
class Counts:
    """How many objects of a recheck there are; `given_up` could not be checked, `computed` lacked
    an answer that is stored."""

    total: int = 0
    checked: int = 0
    given_up: int = 0
    computed: int = 0

    @property
    def finished(self) -> int:
        """Return how many neither wait nor are being checked."""
        return self.checked + self.given_up


class RecheckedObjectQuerySet(models.QuerySet["RecheckedObject"]):
    """Questions about many objects of rechecks."""

    def visible_to(self, user: Reader) -> Self:
        """Return those whose objects somebody may see."""
        if sees_everything(user):
            return self.all()
        return self.filter(object__in=BpfObject.objects.visible_to(user).values("pk"))

    def unfinished(self) -> Self:
        """Return those that wait, or whose jobs are not over."""
        return self.filter(state__in=RecheckedObject.UNFINISHED)

    def count_by_recheck(self, runs: Iterable[Recheck]) -> Mapping[int, Counts]:
        """Return how far rechecks are, by their number, with one query for all of them."""
        state, count = RecheckedObject.State, partial(models.Count, "pk")
        rows = (
            self.filter(recheck__in=list(runs))
            .order_by()
            .values("recheck")
            .annotate(
                total=count(),
                checked=count(filter=models.Q(state=state.DONE)),
                given_up=count(filter=models.Q(state=state.LEFT)),
                lacked=count(filter=models.Q(computed=True)),
            )
            .values_list("recheck", "total", "checked", "given_up", "lacked")
        )
        return defaultdict(Counts, {run: Counts(*rest) for run, *rest in rows})

    def told(self) -> Self:
        """Return those of which there is something to tell."""
        return self.exclude(changes=[], problem="").exclude(state__in=RecheckedObject.UNFINISHED)


class RecheckedObject(models.Model):
    """One object of a recheck: its answers before, what changed, or why it could not be checked."""

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", "waiting"
        SENT = "sent", "being checked"
        DONE = "done", "checked"
        LEFT = "left", "could not be checked"

    UNFINISHED = (State.WAITING, State.SENT)

    recheck = models.ForeignKey(Recheck, on_delete=models.CASCADE, related_name="items")
    object = models.ForeignKey(BpfObject, on_delete=models.CASCADE, related_name="rechecked")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    computed = models.BooleanField(
        default=False, help_text="a check was missing; else what is stored was compared"
    )
    attempts = models.PositiveIntegerField(default=0)
    before: models.JSONField[Any, Any] = models.JSONField(default=dict)
    after: models.JSONField[Any, Any] = models.JSONField(default=dict)
    changes: models.JSONField[Any, Any] = models.JSONField(default=list)
    problem = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True, db_index=True)

    objects = RecheckedObjectQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["recheck", "state"], name="recheck_by_state")]
        constraints = [
            models.UniqueConstraint(fields=["recheck", "object"], name="one_object_a_recheck")
        ]

    def __str__(self) -> str:
        return f"{self.object} in recheck {self.recheck_id}"
