"""Rows of webhooks, of what is to be delivered to them, and of every attempt."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from verifier.spaces.models import Event, Kind, Space
from verifier.webhooks.signing import make_secret, prove
from verifier.webhooks.targets import MAX_ADDRESS

MOST_WEBHOOKS = 20  # of a space
TOO_MANY = f"A space has at most {MOST_WEBHOOKS} webhooks: delete one first."
SWITCH_ON_FIRST = "The webhook is switched off: switch it on first."
MOST_ATTEMPTS = 8
MOST_FAILURES = 20  # attempts that failed one after the other
LEASE = timedelta(seconds=40)  # longer than an attempt may take
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=10), timedelta(hours=12)
_KEPT = timedelta(days=30)
SWITCHED_OFF = "The webhook was switched off."


class WebhookQuerySet(models.QuerySet["Webhook"]):
    """Questions about many webhooks, and new ones."""

    def add(self, space: Space, address: str, kinds: list[str], by: User | None) -> tuple[int, str]:
        """Make one; return its id and its secret, which is nowhere to be seen again."""
        hook = Webhook(space=space, address=address, kinds=kinds, created_by=by)
        secret = hook.renew_secret()
        return hook.pk, secret

    def working(self) -> Self:
        """Return those that are switched on."""
        return self.filter(disabled_at=None)

    def hold(self, pk: int) -> bool:
        """Take a webhook for some time, so that one worker at a time sends to it."""
        free = models.Q(busy_until=None) | models.Q(busy_until__lt=Now())
        return bool(self.working().filter(free, pk=pk).update(busy_until=Now() + LEASE))


class Webhook(models.Model):
    """An address that is told what happens in a space.

    `kinds`: the events it is told, all where empty. Its secret is made of `nonce`; `proof` is the
    hash of the secret that was shown. `failures`: attempts that failed one after the other.
    """

    space = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="webhooks")
    address = models.CharField(max_length=MAX_ADDRESS)
    kinds = models.JSONField(default=list, blank=True)
    nonce = models.CharField(max_length=64)
    proof = models.CharField(max_length=64)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    why_disabled = models.CharField(max_length=300, blank=True)
    failures = models.PositiveIntegerField(default=0)
    busy_until = models.DateTimeField(null=True, blank=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.address} of {self.space}"

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return reverse("webhook", args=[self.space.slug, self.pk])

    def renew_secret(self) -> str:
        """Keep another secret and return it; what is sent from now on is signed with it."""
        self.nonce = secrets.token_hex(16)
        secret = make_secret(self.nonce)
        self.proof = prove(secret)
        self.save()
        return secret

    @property
    def secret(self) -> str:
        """Return the secret, "" where the key of this kfmap is not the one it was made with."""
        secret = make_secret(self.nonce)
        return secret if prove(secret) == self.proof else ""

    def wants(self, kind: str) -> bool:
        """Return whether it is told events of a kind; a trial always."""
        return not self.kinds or kind in self.kinds or kind == Kind.PING

    def switch_off(self, why: str) -> bool:
        """Send nothing more; what waited is given up. Return whether it was on."""
        with transaction.atomic():
            on = Webhook.objects.working().filter(pk=self.pk)
            was_on = on.update(disabled_at=Now(), why_disabled=why, busy_until=None)
            self.deliveries.waiting().update(
                state=Delivery.State.GIVEN_UP, problem=SWITCHED_OFF, ended_at=Now()
            )
        return bool(was_on)

    def switch_on(self) -> None:
        """Send again, from what happens next on."""
        Webhook.objects.filter(pk=self.pk).update(disabled_at=None, why_disabled="", failures=0)


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Questions about many deliveries, and the step that two workers may take at the same time."""

    def waiting(self) -> Self:
        """Return those that are neither delivered nor given up."""
        return self.filter(state=Delivery.State.WAITING)

    def due(self) -> Self:
        """Return those that are to be sent now, the oldest first."""
        on = self.waiting().filter(webhook__disabled_at=None, next_at__lte=Now())
        return on.order_by("pk")

    def claim(self, webhook: int) -> Delivery | None:
        """Claim the next one of a webhook for the caller, until its attempt must be over."""
        due = self.due().filter(webhook=webhook).select_related("webhook__space", "event")
        for row in due[:5]:
            mine = self.filter(pk=row.pk, state=row.state, claims=row.claims)
            if mine.update(
                next_at=Now() + LEASE,
                claims=models.F("claims") + 1,
                attempts=models.F("attempts") + 1,
            ):
                row.attempts += 1
                return row
        return None

    def old(self) -> Self:
        """Return those that were kept long enough."""
        return self.filter(created_at__lt=timezone.now() - _KEPT)


class Delivery(models.Model):
    """One event on its way to one webhook."""

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", "waiting"
        DELIVERED = "delivered", "delivered"
        GIVEN_UP = "given_up", "given up"

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    claims = models.PositiveIntegerField(default=0, help_text="rises with each: one claims it")
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    problem = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "deliveries"
        indexes = [models.Index(fields=["state", "next_at"], name="delivery_due")]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook_id}"

    @property
    def is_waiting(self) -> bool:
        """Return whether it will be sent."""
        return self.state == self.State.WAITING

    def end(self, state: State, problem: str = "") -> None:
        """Keep what came of it."""
        self._update(state=state, problem=problem[:500], ended_at=Now())

    def put_off(self, problem: str) -> None:
        """Try again later: each time four times as long after the one before."""
        wait = min(_FIRST_WAIT * 4 ** min(self.attempts - 1, 10), _LONGEST_WAIT)
        self._update(next_at=Now() + wait, problem=problem[:500])

    def send_again(self) -> bool:
        """Send it anew, as if it had never been tried; return whether its webhook is on."""
        if self.webhook.disabled_at is not None:
            return False
        state = self.State.WAITING
        self._update(state=state, attempts=0, next_at=Now(), problem="", ended_at=None)
        return True

    def _update(self, **values: object) -> None:
        Delivery.objects.filter(pk=self.pk).update(**values)


class Attempt(models.Model):
    """One request: what the receiver answered, or why there is no answer."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField(auto_now_add=True)
    status = models.PositiveSmallIntegerField(null=True)
    problem = models.CharField(max_length=500, blank=True)
    answer = models.TextField(blank=True)
    seconds = models.FloatField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return str(self.status or self.problem)
