"""The one rule of who may see and do what, as a condition on spaces.

A list and a single lookup ask the same condition, so that they cannot differ. It is put together
from the reader's memberships in the query itself: a membership that ended counts at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Case, CharField, Q, Value, When

from verifier.spaces.roles import ROLE_FOR, Action, Role, Visibility

if TYPE_CHECKING:
    from verifier.spaces.models import Space

Reader = User | AnonymousUser


def sees_everything(user: Reader) -> bool:
    """Return whether somebody administers the whole of this kfmap."""
    return bool(user.is_active and user.is_superuser)


def spaces_where(user: Reader, action: Action) -> Q:
    """Return the condition on a space for somebody to do something there."""
    if sees_everything(user):
        return Q()
    roles = ROLE_FOR[action].at_least()
    sees_only = action == Action.SEE
    if not isinstance(user, AnonymousUser) and user.is_authenticated and user.is_active:
        memberships = user.space_memberships.filter(role__in=roles)
        open_to_all = Q(visibility__in=(Visibility.ACCOUNTS, Visibility.PUBLIC))
        of_all = open_to_all if sees_only else open_to_all & Q(accounts_role__in=roles)
        return Q(pk__in=memberships.values("space")) | of_all
    return Q(visibility=Visibility.PUBLIC) if sees_only else Q(pk__in=[])


def may(user: Reader, action: Action, space: Space) -> bool:
    """Return whether somebody may do something in a space now."""
    rows = type(space)._default_manager.filter(pk=space.pk)
    return rows.filter(spaces_where(user, action)).exists()


def role_of(user: Reader, space: Space) -> Role | None:
    """Return what somebody is in a space, None for one who may not see it."""
    return roles_in(user, [space]).get(space.pk)


def roles_in(user: Reader, spaces: Sequence[Space]) -> dict[int, Role]:
    """Return what somebody is in each of the spaces that they may see, by its id, in one query."""
    if not spaces:
        return {}
    if sees_everything(user):
        return {space.pk: ROLE_FOR[Action.MANAGE] for space in spaces}
    steps = [
        When(spaces_where(user, action), then=Value(ROLE_FOR[action].value))
        for action in (Action.MANAGE, Action.REVIEW, Action.SUBMIT, Action.SEE)
    ]
    rows = type(spaces[0])._default_manager.filter(pk__in=[space.pk for space in spaces])
    found = rows.annotate(role=Case(*steps, default=None, output_field=CharField()))
    return {pk: Role(role) for pk, role in found.values_list("pk", "role") if role}
