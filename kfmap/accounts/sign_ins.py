"""Where somebody is signed in: a row per session, so that each can be ended from another."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from kfmap.accounts.models import SignIn

_LONGEST = 200


@receiver(user_logged_in)
def _note(request: HttpRequest, user: User, **_: Any) -> None:
    """Keep which browser it was; the key exists only once the session is saved."""
    if not request.session.session_key:
        request.session.save()
    agent = request.headers.get("User-Agent", "")[:_LONGEST]
    key = request.session.session_key
    SignIn.objects.update_or_create(session_key=key, defaults={"user": user, "agent": agent})


def list_sign_ins(user: User) -> list[SignIn]:
    """Return those whose sessions have not ended, the latest first."""
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return list(SignIn.objects.filter(user=user, session_key__in=alive))


def end_sign_in(sign_in: SignIn) -> None:
    """End a session wherever it is."""
    Session.objects.filter(session_key=sign_in.session_key).delete()
    sign_in.delete()
