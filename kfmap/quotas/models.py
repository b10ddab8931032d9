"""What was spent of each limit in its present span of time, and what is remembered for a while."""

from __future__ import annotations

import time

from django.db import models, transaction
from django.db.models import F

from kfmap.quotas.limits import Limit

_KEPT_SECONDS = 86400


class SpentQuerySet(models.QuerySet["Spent"]):
    """Counting, safe beside other processes that count the same."""

    def spend(self, limit: Limit, whose: str, amount: int = 1) -> bool:
        """Count an amount if the limit still allows it; say whether it does."""
        with transaction.atomic():
            row, is_new = self.get_or_create(
                key=_key(limit, whose),
                span=_span(limit),
                defaults={"ends_at": _ends_at(limit), "amount": 0},
            )
            if is_new:
                self.filter(ends_at__lt=time.time() - _KEPT_SECONDS).delete()
            fits = self.filter(pk=row.pk, amount__lte=limit.most - amount)
            return bool(fits.update(amount=F("amount") + amount))

    def forget(self, limit: Limit, whose: str) -> None:
        """Count anew, for what was counted against ended well."""
        self.filter(key=_key(limit, whose), span=_span(limit)).delete()

    def left(self, limit: Limit, whose: str) -> int:
        """Return how much may still be spent."""
        rows = self.filter(key=_key(limit, whose), span=_span(limit))
        return limit.most - (rows.values_list("amount", flat=True).first() or 0)


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


def seconds_left(limit: Limit) -> int:
    """Return after how many seconds the limit begins anew."""
    return max(1, _ends_at(limit) - int(time.time()))


def _key(limit: Limit, whose: str) -> str:
    return f"{limit.name} {whose}"[:200]


def _span(limit: Limit) -> int:
    return int(time.time() // limit.seconds)


def _ends_at(limit: Limit) -> int:
    return (_span(limit) + 1) * limit.seconds
