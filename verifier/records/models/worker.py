"""Workers: the processes that take jobs, and when each was last heard of."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models.functions import Now

ALIVE_FOR = timedelta(seconds=30)
_FORGET_AFTER = timedelta(days=1)


class WorkerQuerySet(models.QuerySet["Worker"]):
    """Signs of life, by the database's clock."""

    def alive(self) -> Self:
        """Return the workers that were heard of lately."""
        return self.filter(seen_at__gt=Now() - ALIVE_FOR)

    def sign(self, name: str, unconfined: str = "") -> None:
        """Note that a worker lives; forget those that were not heard of for a day."""
        values = {"seen_at": Now(), "unconfined": unconfined}
        if not self.filter(name=name).update(**values):
            self.filter(seen_at__lt=Now() - _FORGET_AFTER).delete()
            self.get_or_create(name=name, defaults=values)

    def leave(self, name: str) -> None:
        """Note that a worker has ended."""
        self.filter(name=name).delete()


class Worker(models.Model):
    """A process that takes jobs. `unconfined`: what its platform cannot keep a check from."""

    name = models.CharField(max_length=200, unique=True)
    started_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField()
    unconfined = models.TextField(blank=True)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
