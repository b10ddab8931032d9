"""Events: what happened in a space, once and in the words that everybody reads of it.

The inbox, mail and webhooks tell the same event, so that none of them says another thing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.dispatch import Signal

from verifier.spaces.models.notice import Notice
from verifier.spaces.models.space import Space

MAX_TEXT = 500
announced = Signal()  # `event`: the row; sent in the transaction that keeps it


class Kind(models.TextChoices):
    """What happened; the values are those that webhooks send."""

    VERDICTS_READY = "verdicts.ready", "the objects of an upload are checked"
    NEW_FINDINGS = "findings.new", "a version has findings that the one before it had not"
    REVIEW_ASKED = "review.asked", "somebody is asked for a review"
    SIGNED_OFF = "review.signed_off", "an object is signed off"
    CHANGES_ASKED = "review.changes_asked", "a reviewer asks for changes"
    REJECTED = "review.rejected", "a reviewer rejects an object"
    REMARK = "review.remark", "a reviewer remarks something"
    WAIVED = "waiver.added", "a finding is waived"
    WAIVER_ENDED = "waiver.withdrawn", "a waiver is withdrawn"
    POLICY_KEPT = "policy.in_force", "a version of a policy comes into force"
    POLICY_ENDED = "policy.ended", "a policy is taken out of force"
    BROKE = "recheck.broke", "objects that were checked again broke"
    HEALED = "recheck.healed", "objects that were checked again healed"
    PING = "ping", "somebody tries a webhook"


class EventQuerySet(models.QuerySet["Event"]):
    """New events."""

    def announce(
        self,
        space: Space | None,
        kind: Kind,
        text: str,
        url: str,
        people: Iterable[User | None] = (),
        more: str = "",
        **data: Any,
    ) -> Event | None:
        """Keep an event of a space, tell it to people, and to whatever listens to `announced`.

        `url`: where it is seen. `more` is for the mail alone, `data` for programs. What belongs to
        no space is told to the people only, and None is returned.
        """
        text, url = text[:MAX_TEXT], absolute(url)
        with transaction.atomic():
            Notice.objects.tell(people, text, url, more)
            if space is None:
                return None
            event = self.create(space=space, kind=kind, text=text, url=url, data=data)
            announced.send(sender=Event, event=event)
        return event


class Event(models.Model):
    """One thing that happened in a space."""

    space = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=30, choices=Kind)
    text = models.CharField(max_length=MAX_TEXT)
    url = models.CharField(max_length=300)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.text


def absolute(url: str) -> str:
    """Return an address that a letter can lead to, where the settings say what this kfmap's is."""
    origins = [origin for origin in settings.CSRF_TRUSTED_ORIGINS if "*" not in origin]
    return f"{origins[0].rstrip('/')}{url}" if origins and url.startswith("/") else url
