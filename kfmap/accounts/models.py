"""The link that creates the administrator, of which only the hash is kept; sessions."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Self

from django.contrib.auth.models import User
from django.db import models, transaction
from django.utils import timezone

LIFETIME = timedelta(hours=24)


class SetupLinkQuerySet(models.QuerySet["SetupLink"]):
    """Making and finding the link."""

    def issue(self) -> str:
        """Return the token of a new link; links made before stop working."""
        token = secrets.token_urlsafe(32)
        with transaction.atomic():
            self.all().delete()
            self.create(token_hash=hash_token(token), expires_at=timezone.now() + LIFETIME)
        return token

    def usable(self, token: str) -> Self:
        """Return the link of this token if it may be used: not expired, no administrator yet."""
        if administrator_exists():
            return self.none()
        return self.filter(token_hash=hash_token(token), expires_at__gt=timezone.now())


class SetupLink(models.Model):
    """A one-time link; it is deleted when it has been used."""

    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()

    objects = SetupLinkQuerySet.as_manager()

    def __str__(self) -> str:
        return f"link until {self.expires_at:%Y-%m-%d %H:%M} UTC"


class SignIn(models.Model):
    """A session and the browser it was opened with; the row outlives the session."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40, unique=True)
    agent = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.user} since {self.created_at:%Y-%m-%d %H:%M} UTC"


def administrator_exists() -> bool:
    """Return whether somebody administers this kfmap."""
    return User.objects.filter(is_superuser=True, is_active=True).exists()


def hash_token(token: str) -> str:
    """Return what is kept of a token. It is random and long, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
