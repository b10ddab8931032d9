"""Notices: what somebody should know, in their inbox here and by mail where mail is sent."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.db import models, transaction

from kfmap.safe_text.printable import printable

_LONGEST = 500


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Questions about many notices, and new ones."""

    def tell(self, people: Iterable[User | None], text: str, url: str, more: str = "") -> int:
        """Put a notice into the inbox of each; mail goes out when the transaction ends.

        `more` is for the mail alone.
        """
        users = {person.pk: person for person in people if person is not None and person.is_active}
        self.bulk_create(
            Notice(user=user, text=text[:_LONGEST], url=url) for user in users.values()
        )
        addresses = [user.email for user in users.values() if user.email]
        if settings.KFMAP_SENDS_MAIL and addresses:
            transaction.on_commit(partial(_mail, addresses, text, url, more))
        return len(users)


class Notice(models.Model):
    """One thing to know; `url` is where it is seen."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices"
    )
    text = models.CharField(max_length=_LONGEST)
    url = models.CharField(max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.text


def _mail(addresses: list[str], text: str, url: str, more: str) -> None:
    """Send a letter to each; a server that does not take it loses the letter, not the notice."""
    subject = printable(" ".join(text.split()))[:100]  # a line break would end the letter's head
    parts = ("\n".join(map(printable, part.splitlines())) for part in (text, url, more) if part)
    letter = "\n\n".join(parts) + "\n"
    for address in addresses:
        send_mail(f"kfmap: {subject}", letter, None, [address], fail_silently=True)
