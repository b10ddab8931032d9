"""API tokens and keys of uploads.

Of a token only the SHA-256 is kept: whoever reads the database cannot use it. It is long and
random, so that a slow hash would add nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone

from verifier.records.models import Submission
from verifier.spaces.models import Space

PREFIX = "kfm_"  # so that scanners for leaked secrets can tell what was leaked
_SHOWN = 10
_BYTES = 32
MOST_TOKENS = 50  # usable ones of one person
MOST_DAYS = 365
LONGEST_NAME = 80
_USED_EVERY = timedelta(minutes=1)  # a token that is used all the time costs one write in that time


def hash_token(text: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


class Scope(models.TextChoices):
    """What a token may do for its owner."""

    READ = "read", "read results and reports"
    SUBMIT = "submit", "submit objects, and ask people to review them"
    REVIEW = "review", "decide on objects, comment, and waive findings"
    MANAGE = "manage", "manage spaces, members, policies, tokens"


class TokenState(models.TextChoices):
    """Whether a token can be used."""

    USABLE = "usable"
    REVOKED = "revoked"
    EXPIRED = "expired"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Questions about tokens."""

    def usable(self) -> Self:
        """Return those that are neither revoked nor expired, of people who may sign in."""
        now = timezone.now()
        return self.filter(revoked_at=None, expires_at__gt=now, user__is_active=True)

    def make(
        self,
        user: User,
        name: str,
        scopes: list[str],
        days: int,
        space: Space | None = None,
        made_with: ApiToken | None = None,
    ) -> tuple[ApiToken, str]:
        """Return a new token and its text, which is nowhere to be seen again."""
        text = PREFIX + secrets.token_urlsafe(_BYTES)
        token = self.create(
            user=user,
            name=name,
            start=text[:_SHOWN],
            digest=hash_token(text),
            scopes=scopes,
            space=space,
            made_with=made_with,
            expires_at=timezone.now() + timedelta(days=days),
        )
        return token, text


class ApiToken(models.Model):
    """A token of one person; it may do what its scopes name, and never more than its owner."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens"
    )
    name = models.CharField(
        max_length=LONGEST_NAME, help_text="what it is for, such as CI of a repository"
    )
    start = models.CharField(max_length=_SHOWN, help_text="its first characters, to tell it by")
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    space = models.ForeignKey(
        Space,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="the one it is for; empty: all that its owner may see",
    )
    made_with = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="made",
        help_text="the token that asked for it over the API",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.start}…)"

    @property
    def state(self) -> TokenState:
        """Return whether it can be used."""
        if self.revoked_at:
            return TokenState.REVOKED
        is_over = self.expires_at <= timezone.now()
        return TokenState.EXPIRED if is_over else TokenState.USABLE

    @property
    def scope_words(self) -> list[str]:
        """Return what it may do, for people."""
        return [str(Scope(scope).label) for scope in self.scopes if scope in Scope]

    def note_use(self) -> None:
        """Keep that it was used now, at most once in a while."""
        now = timezone.now()
        if self.last_used_at is None or now - self.last_used_at > _USED_EVERY:
            ApiToken.objects.filter(pk=self.pk).update(last_used_at=now)

    def revoke(self) -> None:
        """End it for good, and what was made with it: whoever had it may have all of these."""
        ending = {self.pk}
        while found := ApiToken.objects.filter(made_with__in=ending).exclude(pk__in=ending):
            ending |= set(found.values_list("pk", flat=True))
        ApiToken.objects.filter(pk__in=ending, revoked_at=None).update(revoked_at=timezone.now())


def create_token(
    user: User, name: str, scopes: list[str], days: int, space: Space | None = None
) -> str:
    """Make a token and return its text, which is nowhere to be seen again."""
    return ApiToken.objects.make(user, name, scopes, days, space)[1]


class UploadKey(models.Model):
    """An Idempotency-Key of an upload; `submission` is empty while the upload is taken in."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    content = models.CharField(max_length=64, help_text="SHA-256 of what was sent")
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="one_upload_per_user_and_key")
        ]

    def __str__(self) -> str:
        return self.key
