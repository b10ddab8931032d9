"""Spaces that were deleted, while their uploads are removed."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models.functions import Now

from verifier.spaces.access import Reader, sees_everything
from verifier.spaces.models.audit import AuditEntry
from verifier.spaces.models.space import Space
from verifier.spaces.roles import Visibility

if TYPE_CHECKING:
    from datetime import datetime

_SILENT = timedelta(seconds=30)  # then whoever was at it is gone


class EndingQuerySet(models.QuerySet["Ending"]):
    """Questions about many, and new ones."""

    def begin(
        self, space: Space, by: Reader | None, address: str = "", total: int | None = None
    ) -> Ending:
        """Hide a space from all who are no administrators, and free its address.

        `total` is the number of its files, where these do not say yet that they are in it. To be
        called in a transaction.
        """
        ending = self.create(
            space=space,
            address=address or space.slug,
            asked_by=by if isinstance(by, User) else None,
            total=space.files.count() if total is None else total,
        )
        space.memberships.all().delete()
        space.invitations.all().delete()
        space.slug, space.owner = f"ended-{secrets.token_hex(8)}", None
        space.visibility, space.accounts_role = Visibility.PRIVATE, ""
        space.retention_days = None
        space.save()
        return ending

    @transaction.atomic
    def end_space(self, space: Space, by: Reader | None) -> Ending:
        """Write into its trail that a space is deleted, and hide it."""
        AuditEntry.objects.record(space, by, "space deleted", space.slug)
        return self.begin(space, by)

    def told_to(self, reader: Reader) -> Self:
        """Return those that somebody asked for; all for an administrator."""
        return self if sees_everything(reader) else self.filter(asked_by=reader.pk)

    def take(self) -> Ending | None:
        """Take one that nobody is at."""
        free = models.Q(taken_at=None) | models.Q(taken_at__lt=Now() - _SILENT)
        for ending in self.filter(free):
            if self.filter(free, pk=ending.pk).update(taken_at=Now()):
                return ending
        return None


class Ending(models.Model):
    """One space that goes; its row goes with it. `address` is what its own was.

    `taken_at` says since when a worker removes files: it gives signs of life by it.
    """

    space = models.OneToOneField(Space, on_delete=models.CASCADE, related_name="ending")
    address = models.CharField(max_length=100)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    total = models.PositiveIntegerField(help_text="files, when it began")
    removed = models.PositiveIntegerField(default=0, help_text="files")
    begun_at = models.DateTimeField(auto_now_add=True)
    taken_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(
        null=True
    )

    objects = EndingQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.address

    def note(self, removed: int) -> None:
        """Keep that so many files more are gone, and give a sign of life."""
        rows = Ending.objects.filter(pk=self.pk)
        rows.update(removed=models.F("removed") + removed, taken_at=Now())

    def let_go(self) -> None:
        """Have the next step go on, of whatever worker."""
        Ending.objects.filter(pk=self.pk).update(taken_at=None)
