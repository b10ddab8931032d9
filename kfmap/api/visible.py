"""What a request may see: what its reader may, and with a token of one space, what is there.

The rule itself is that of `verifier.spaces.access`.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import QuerySet
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from kfmap.api.models import ApiToken
from verifier.records.models import BpfObject, Submission
from verifier.records.models.object import BpfObjectQuerySet
from verifier.records.reviews import Reviewed, load_reviews
from verifier.spaces.access import Reader, may
from verifier.spaces.models import Space
from verifier.spaces.roles import Action


def objects_of(request: Request, action: Action = Action.SEE) -> BpfObjectQuerySet:
    """Return the objects that may be seen; with another action, those it may be done with."""
    return objects_for(request.user, space_of(request), action)


def objects_for(
    reader: Reader, space: Space | None, action: Action = Action.SEE
) -> BpfObjectQuerySet:
    """Return what `objects_of` does, for a reader whose token is for `space`, None for all."""
    rows = BpfObject.objects
    found = rows.visible_to(reader) if action == Action.SEE else rows.where(reader, action)
    if space is None:
        return found
    there = rows.in_space(space) if may(reader, action, space) else rows.none()
    return there.filter(pk__in=found.values("pk"))


def reviews_of(
    request: Request, obj: BpfObject, now: Mapping[str, str] | None = None
) -> list[Reviewed]:
    """Return what was said of an object, as `load_reviews`, where the request may see it."""
    said, space = load_reviews(obj, now, request.user), space_of(request)
    return said if space is None else [item for item in said if item.review.space_id == space.pk]


def submissions_of(request: Request) -> QuerySet[Submission]:
    """Return the submissions that may be seen."""
    found = Submission.objects.visible_to(request.user)
    space = space_of(request)
    return found if space is None else found.filter(space=space)


def spaces_of(request: Request) -> QuerySet[Space]:
    """Return the spaces that may be seen, without those that are being removed."""
    found = Space.objects.visible_to(request.user).staying()
    space = space_of(request)
    return found if space is None else found.filter(pk=space.pk)


def space_of(request: Request) -> Space | None:
    """Return the space that the token of a request is for, None for every space of its owner.

    Raises PermissionDenied where its owner may see that space no more.
    """
    if not isinstance(request.auth, ApiToken) or request.auth.space is None:
        return None
    space = request.auth.space
    if not Space.objects.visible_to(request.user).filter(pk=space.pk).exists():
        raise PermissionDenied(f"The token {request.auth} is for a space that you may see no more.")
    return space


def expect_all_spaces(request: Request) -> None:
    """Refuse a token of one space what is about all of them. Raises PermissionDenied."""
    if isinstance(request.auth, ApiToken) and request.auth.space_id is not None:
        raise PermissionDenied(
            f"The token {request.auth} is for one space, and this is for all: use another."
        )
