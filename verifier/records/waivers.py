"""The end of a waiver before its day, written down wherever it comes from."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from verifier.records.models import Waiver
from verifier.spaces.access import Reader
from verifier.spaces.models import AuditEntry


@transaction.atomic
def withdraw(waiver: Waiver, by: Reader) -> None:
    """End a waiver now: its finding stands again, in every object of the space."""
    waiver.withdrawn_at = timezone.now()
    waiver.save(update_fields=["withdrawn_at"])
    AuditEntry.objects.record(waiver.space, by, "waiver withdrawn", waiver.finding)
