"""Guessing: one password over many names, and messages that anybody can have sent to others."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import PermissionDenied
from django.dispatch import receiver
from django.http import HttpRequest

from kfmap.quotas.addresses import address_of
from kfmap.quotas.limits import Limit, QuotaError
from kfmap.quotas.models import Spent
from kfmap.quotas.spans import present_span

FAILED_SIGN_INS = Limit("failed sign-ins", 30, 3600)
MESSAGES = Limit("messages asked for", 10, 3600)


class AddressBackend:
    """Comes before all others: lets nobody in from an address that failed too often."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        """Raise PermissionDenied, which ends the attempt; django-axes then answers 429."""
        if request is None or Spent.objects.left(FAILED_SIGN_INS, address_of(request)) > 0:
            return
        request.axes_locked_out = True  # type: ignore[attr-defined]  # the contract of AxesMiddleware
        raise PermissionDenied


@receiver(user_login_failed)
def _count_failure(request: HttpRequest | None = None, **_: Any) -> None:
    if request is not None:
        Spent.objects.spend(FAILED_SIGN_INS, address_of(request))


def spend_message(request: HttpRequest) -> None:
    """Count a message that the reader has sent to an address they name, as a reset of a password.

    Raises QuotaError.
    """
    if not Spent.objects.spend(MESSAGES, address_of(request)):
        wait = present_span(MESSAGES.seconds).seconds_left
        raise QuotaError("Too many messages were asked for: wait an hour.", wait)
