"""How long checks took on each kernel, added up by all workers."""

from __future__ import annotations

from django.db import models
from django.db.models import F


class CheckTimeQuerySet(models.QuerySet["CheckTime"]):
    """Adding up, safe beside other workers."""

    def add(self, kernel: str, seconds: float) -> None:
        """Add one check of an object on a kernel."""
        added = {"count": F("count") + 1, "seconds": F("seconds") + seconds}
        if not self.filter(kernel=kernel).update(**added):
            self.get_or_create(kernel=kernel)
            self.filter(kernel=kernel).update(**added)


class CheckTime(models.Model):
    """The checks on one kernel."""

    kernel = models.CharField(max_length=100, unique=True)
    count = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0.0)

    objects = CheckTimeQuerySet.as_manager()

    class Meta:
        ordering = ["kernel"]

    def __str__(self) -> str:
        return f"{self.kernel}: {self.count}"
