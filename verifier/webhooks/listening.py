"""An event that is announced becomes a delivery of every webhook of its space that wants it."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from verifier.spaces.models import Event
from verifier.spaces.models.event import announced
from verifier.webhooks.models import Delivery, Webhook


@receiver(announced)
def queue_deliveries(event: Event, **_: Any) -> None:
    """Keep what is to be sent, in the transaction of what happened."""
    hooks = Webhook.objects.working().filter(space=event.space_id)
    Delivery.objects.bulk_create(
        Delivery(webhook=hook, event=event) for hook in hooks if hook.wants(event.kind)
    )
