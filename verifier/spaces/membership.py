"""Who is in a space changes: roles, ends of memberships, links that invite; each written down."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.shortcuts import get_object_or_404

from verifier.spaces.access import Reader
from verifier.spaces.models import AuditEntry, Invitation, Membership, Space
from verifier.spaces.roles import Role


class LastMaintainerError(ValueError):
    """Nobody would maintain the space any more; the message says what to do."""

    def __init__(self) -> None:
        super().__init__("A space needs a maintainer: make somebody else one first.")


@transaction.atomic
def change_role(member: Membership, role: str, by: Reader) -> None:
    """Give a member another role. Raises LastMaintainerError."""
    member = _lock(member)
    if role != Role.MAINTAINER:
        _expect_another_maintainer(member)
    member.role = role
    member.save(update_fields=["role"])
    AuditEntry.objects.record(member.space, by, "role changed", str(member.user), role=role)


@transaction.atomic
def end_membership(member: Membership, by: Reader) -> None:
    """Remove a member, or have them leave. Raises LastMaintainerError."""
    member = _lock(member)
    _expect_another_maintainer(member)
    member.delete()
    if member.user == by:
        AuditEntry.objects.record(member.space, by, "member left", str(by))
    else:
        AuditEntry.objects.record(member.space, by, "member removed", str(member.user), role="")


def _lock(member: Membership) -> Membership:
    """Return the row as it is now. Raises Http404 where it went meanwhile."""
    rows = Membership.objects.select_for_update(of=("self",)).select_related("space", "user")
    return get_object_or_404(rows, pk=member.pk)


def _expect_another_maintainer(member: Membership) -> None:
    """Raise LastMaintainerError where nobody else maintains the space.

    The owner of a personal one always does; whose account was put out of use does no more.
    """
    rows = member.space.memberships.select_for_update(of=("self",))
    others = rows.filter(role=Role.MAINTAINER, user__is_active=True)
    is_owner = member.user_id == member.space.owner_id
    if is_owner or all(other.pk == member.pk for other in others):
        raise LastMaintainerError


@transaction.atomic
def invite(space: Space, role: str, by: User) -> tuple[Invitation, str]:
    """Return a new link and its token, which is nowhere to be seen again."""
    AuditEntry.objects.record(space, by, "invitation made", role)
    return Invitation.objects.make(space, role, by)


@transaction.atomic
def withdraw(link: Invitation, by: Reader) -> None:
    """Make a link useless."""
    AuditEntry.objects.record(link.space, by, "invitation withdrawn", link.role)
    link.delete()


@transaction.atomic
def join(link: Invitation, user: User) -> bool:
    """Make somebody a member by a link; return False where it was used meanwhile."""
    if not link.accept(user):
        return False
    AuditEntry.objects.record(link.space, user, "member joined", user.username)
    return True
