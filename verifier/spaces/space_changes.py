"""A space is made, its settings change, it ends: each is written down."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from verifier.spaces.access import Reader
from verifier.spaces.models import AuditEntry, Space
from verifier.spaces.roles import Role


class AddressTakenError(ValueError):
    """Somebody made a space of this address a moment before."""

    def __init__(self) -> None:
        super().__init__("This address is taken: choose another.")


@transaction.atomic
def make_space(space: Space, by: User) -> None:
    """Keep a new space; who makes it maintains it. Raises AddressTakenError."""
    try:
        with transaction.atomic():
            space.save()
    except IntegrityError as error:
        raise AddressTakenError from error
    space.memberships.create(user=by, role=Role.MAINTAINER)
    AuditEntry.objects.record(space, by, "space made", space.slug)


@transaction.atomic
def keep_settings(space: Space, fields: Iterable[str], by: Reader) -> None:
    """Keep what somebody changed of a space; `fields` names it."""
    space.save()
    AuditEntry.objects.record(space, by, "settings changed", space.slug, fields=list(fields))
