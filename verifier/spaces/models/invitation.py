"""Links that make whoever follows them a member: their hash is kept, they expire, work once."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.utils import timezone

from verifier.spaces.access import may
from verifier.spaces.models.space import Membership, Space
from verifier.spaces.roles import Action, Role

LIFETIME = timedelta(days=7)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Making and finding links."""

    def make(self, space: Space, role: str, by: User) -> tuple[Invitation, str]:
        """Return a new link and its token, of which only the hash is kept."""
        token = secrets.token_urlsafe(32)
        expires_at = timezone.now() + LIFETIME
        link = self.create(
            space=space, role=role, created_by=by, token_hash=_hash(token), expires_at=expires_at
        )
        return link, token

    def usable(self, token: str) -> Invitation | None:
        """Return the link of a token, unless it expired or who made it may invite no more."""
        found = self.select_related("space", "created_by").filter(
            token_hash=_hash(token), expires_at__gt=timezone.now()
        )
        link = found.first()
        if link is None or not may(link.created_by, Action.MANAGE, link.space):
            return None
        return link


class Invitation(models.Model):
    """A link into a space; it is deleted when it has been used."""

    space = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=10, choices=Role)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["expires_at"]

    def __str__(self) -> str:
        return f"{self.role} until {self.expires_at:%Y-%m-%d %H:%M} UTC"

    def accept(self, user: User) -> bool:
        """Make somebody a member; return False where the link was used meanwhile.

        A role that they have already, and that may do more, stays.
        """
        with transaction.atomic():
            if not Invitation.objects.filter(pk=self.pk).delete()[0]:
                return False
            membership, is_new = Membership.objects.get_or_create(
                space=self.space, user=user, defaults={"role": self.role}
            )
            if not is_new and self.role in Role(membership.role).at_least():
                membership.role = self.role
                membership.save(update_fields=["role"])
        return True


def _hash(token: str) -> str:
    """Return what is kept of a token. It is random and long, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
