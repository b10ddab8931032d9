"""How often objects, uploads and jobs were removed: kept pages know by it that they are old.

What is added shows as the last row of its table. What was removed shows nowhere, unless somebody
counts the rows that are left, and there may be a million of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import models, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from verifier.records.models.job import Job
from verifier.records.models.object import BpfObject
from verifier.records.models.submission import SubmittedFile

_ONLY = 1
_as_one: ContextVar[bool] = ContextVar("as_one", default=False)


class RemovalQuerySet(models.QuerySet["Removal"]):
    """The one row."""

    def note(self) -> None:
        """Count one more."""
        if not self.filter(pk=_ONLY).update(count=models.F("count") + 1):
            self.get_or_create(pk=_ONLY, defaults={"count": 1})


class Removal(models.Model):
    """The one row that counts."""

    count = models.PositiveBigIntegerField(default=0)

    objects = RemovalQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.count} removed"


@receiver(post_delete, sender=BpfObject)
@receiver(post_delete, sender=SubmittedFile)
@receiver(post_delete, sender=Job)
def _note(**_: Any) -> None:
    if not _as_one.get():
        Removal.objects.note()


@contextmanager
def counted_as_one() -> Iterator[None]:
    """Count what is removed in a block, all or nothing of it, as one."""
    with transaction.atomic():
        before = _as_one.set(True)
        try:
            yield
        finally:
            _as_one.reset(before)
        Removal.objects.note()
