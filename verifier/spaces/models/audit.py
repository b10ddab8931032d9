"""What was done, by whom and when: entries are added, never changed, and never removed."""

from __future__ import annotations

from typing import Any, NoReturn, Self

from django.contrib.auth.models import User
from django.db import models

from verifier.spaces.access import Reader, sees_everything
from verifier.spaces.models.space import Space
from verifier.spaces.roles import Action


class AppendOnlyError(TypeError):
    """Somebody tried to change or remove an entry of the audit trail."""


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    """The trail; only new entries get in."""

    def record(
        self, space: Space | None, actor: Reader | None, what: str, subject: str = "", **data: Any
    ) -> AuditEntry:
        """Add an entry. The names are kept as they are now, for rows may go later."""
        person = actor if isinstance(actor, User) else None
        return self.create(
            space_id=space.pk if space else None,
            space_name=space.slug if space else "",
            actor_id=person.pk if person else None,
            actor_name=person.username if person else "",
            what=what,
            subject=subject[:500],
            data=data,
        )

    def visible_to(self, user: Reader) -> Self:
        """Return the entries of spaces that somebody maintains; all for an administrator."""
        if sees_everything(user):
            return self.all()
        managed = Space.objects.where(user, Action.MANAGE)
        return self.filter(space_id__in=managed.values("pk"))

    def update(self, **values: Any) -> NoReturn:
        """Refuse. Raises AppendOnlyError."""
        raise AppendOnlyError("entries of the audit trail are not changed")

    def delete(self) -> NoReturn:
        """Refuse. Raises AppendOnlyError."""
        raise AppendOnlyError("entries of the audit trail are not removed")


class AuditEntry(models.Model):
    """One thing that was done. The ids are no foreign keys: an entry outlives what it names."""

    space_id = models.BigIntegerField(null=True, db_index=True)
    space_name = models.CharField(max_length=60, blank=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, blank=True)
    what = models.CharField(max_length=60, db_index=True)
    subject = models.CharField(max_length=500, blank=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.actor_name or 'kfmap'}: {self.what} {self.subject}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the entry. Raises AppendOnlyError for one that is there already."""
        if self.pk is not None:
            raise AppendOnlyError("entries of the audit trail are not changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError("entries of the audit trail are not removed")
