"""How long checks took on each kernel, added up by all workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import models, transaction


class CheckTimeQuerySet(models.QuerySet["CheckTime"]):
    """Adding up, safe beside other workers."""

    def add(self, seconds: Mapping[str, float]) -> None:
        """Add one check of an object on each of some kernels, by name."""
        with transaction.atomic():
            rows = self._held(seconds)
            if len(rows) < len(seconds):
                missing = [CheckTime(kernel=name) for name in seconds]
                self.bulk_create(missing, ignore_conflicts=True)
                rows = self._held(seconds)
            self.bulk_create(
                [
                    CheckTime(
                        kernel=row.kernel,
                        count=row.count + 1,
                        seconds=row.seconds + seconds[row.kernel],
                    )
                    for row in rows
                ],
                update_conflicts=True,
                unique_fields=["kernel"],
                update_fields=["count", "seconds"],
            )

    def _held(self, kernels: Iterable[str]) -> list[CheckTime]:
        """Return the rows, in one order everywhere: workers never wait for each other in a ring."""
        return list(self.filter(kernel__in=kernels).order_by("kernel").select_for_update())


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
