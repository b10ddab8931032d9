"""Send what is due to a webhook, and keep what came of it.

A delivery is claimed for some minutes: one whose worker died is sent again after that, with the
same id, by which receivers know it.
"""

from __future__ import annotations

import json
import time
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import F

import kfmap
from verifier.spaces.models import AuditEntry, Notice
from verifier.spaces.models.event import absolute
from verifier.spaces.roles import Role
from verifier.webhooks.models import (
    MOST_ATTEMPTS,
    MOST_FAILURES,
    Attempt,
    Delivery,
    Webhook,
)
from verifier.webhooks.sending import NotDeliveredError, send
from verifier.webhooks.signing import HEADER, sign

SECONDS = 10.0  # of one attempt
_BUDGET = 30.0  # of one task: others wait for the worker
_OTHER_KEY = "This kfmap's secret key has changed: make a new secret."
_VERSION = 1


def send_due(webhook: int) -> int:
    """Send what is due to a webhook until one attempt fails; return how many were delivered."""
    if not Webhook.objects.hold(webhook):
        return 0
    delivered, ends_at = 0, time.monotonic() + _BUDGET
    try:
        while time.monotonic() < ends_at:
            delivery = Delivery.objects.claim(webhook)
            if delivery is None or not _attempt(delivery):
                break
            delivered += 1
    finally:
        Webhook.objects.filter(pk=webhook).update(busy_until=None)
        Delivery.objects.filter(webhook=webhook).old().delete()
    return delivered


def build_body(delivery: Delivery) -> dict[str, Any]:
    """Return what is sent, the same for each attempt."""
    event = delivery.event
    return {
        "version": _VERSION,
        "id": delivery.pk,
        "event": event.kind,
        "at": event.at.isoformat(),
        "space": delivery.webhook.space.slug,
        "text": event.text,
        "url": event.url,
        "data": event.data,
    }


def _attempt(delivery: Delivery) -> bool:
    """Make one attempt; return whether the receiver took it."""
    hook, began, answer = delivery.webhook, time.monotonic(), None
    if not (secret := hook.secret):
        _disable(hook, _OTHER_KEY)
        return False
    try:
        answer = send(
            hook.address,
            *_request(delivery, secret),
            SECONDS,
            settings.KFMAP_WEBHOOK_HOSTS,
        )
        problem = answer.problem
    except NotDeliveredError as error:
        problem = str(error)
    Attempt.objects.create(
        delivery=delivery,
        status=answer.status if answer else None,
        problem=problem[:500],
        answer=answer.text if answer else "",
        seconds=round(time.monotonic() - began, 3),
    )
    if problem:
        _keep_failure(delivery, problem)
    else:
        delivery.end(Delivery.State.DELIVERED)
        Webhook.objects.filter(pk=hook.pk).update(failures=0)
    return not problem


def _request(delivery: Delivery, secret: str) -> tuple[dict[str, str], bytes]:
    body = json.dumps(build_body(delivery), sort_keys=True).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"kfmap/{kfmap.__version__}",
        "Kfmap-Event": delivery.event.kind,
        "Kfmap-Delivery": str(delivery.pk),
        HEADER: sign(secret, body, int(time.time())),
    }
    return headers, body


def _keep_failure(delivery: Delivery, problem: str) -> None:
    hook = delivery.webhook
    if delivery.attempts >= MOST_ATTEMPTS:
        delivery.end(Delivery.State.GIVEN_UP, problem)
    else:
        delivery.put_off(problem)
    Webhook.objects.filter(pk=hook.pk).update(failures=F("failures") + 1)
    hook.refresh_from_db(fields=["failures"])
    if hook.failures >= MOST_FAILURES:
        _disable(hook, f"{MOST_FAILURES} attempts failed one after the other. {problem}")


def _disable(hook: Webhook, why: str) -> None:
    """Switch it off, and tell those who can do something about it."""
    if not hook.switch_off(why[:300]):
        return
    AuditEntry.objects.record(hook.space, None, "webhook switched off", hook.address, why=why)
    maintainers = User.objects.filter(
        space_memberships__space=hook.space, space_memberships__role=Role.MAINTAINER
    )
    text = f"A webhook of {hook.space} was switched off: {why}"
    Notice.objects.tell(maintainers, text, absolute(hook.get_absolute_url()))
