"""What was spent of each limit in its present span of time, and what is remembered for a while."""

from __future__ import annotations

from django.db import models, transaction
from django.db.models import F

from kfmap.quotas.limits import Limit
from kfmap.quotas.spans import present_span

_KEPT_SECONDS = 86400


class SpentQuerySet(models.QuerySet["Spent"]):
    """Counting, safe beside other processes that count the same."""

    def spend(self, limit: Limit, whose: str, amount: int = 1) -> bool:
        """Count an amount if the limit still allows it; say whether it does."""
        span = present_span(limit.seconds)
        with transaction.atomic():
            row, is_new = self.get_or_create(
                key=_key(limit, whose),
                span=span.number,
                defaults={"ends_at": span.ends_at, "amount": 0},
            )
            if is_new:
                self.filter(ends_at__lt=span.ends_at - _KEPT_SECONDS).delete()
            fits = self.filter(pk=row.pk, amount__lte=limit.most - amount)
            return bool(fits.update(amount=F("amount") + amount))

    def forget(self, limit: Limit, whose: str) -> None:
        """Count anew, for what was counted against ended well."""
        self._present(limit, whose).delete()

    def left(self, limit: Limit, whose: str) -> int:
        """Return how much may still be spent."""
        rows = self._present(limit, whose)
        return limit.most - (rows.values_list("amount", flat=True).first() or 0)

    def _present(self, limit: Limit, whose: str) -> SpentQuerySet:
        return self.filter(key=_key(limit, whose), span=present_span(limit.seconds).number)


class Spent(models.Model):
    """One limit of one account or address in one span of time, which `ends_at` a Unix time."""

    key = models.CharField(max_length=200)
    span = models.BigIntegerField()
    ends_at = models.BigIntegerField(db_index=True)
    amount = models.BigIntegerField()

    objects = SpentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "span"], name="one_count_per_span"),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.amount}"


class Remembered(models.Model):
    """A row of Django's cache (settings.CACHES, default), which reads and writes it by itself."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "kfmap_cache"

    def __str__(self) -> str:
        return self.cache_key


def _key(limit: Limit, whose: str) -> str:
    return f"{limit.name} {whose}"[:200]
