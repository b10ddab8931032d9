"""What a page is about, found for its reader: 404 where they may not see it, whether it is or not.

Somebody who has not signed in is sent to do so; the answer is the same for what there is not.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Literal

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from verifier.rechecking.models import Recheck
from verifier.records.models import BpfObject, Submission
from verifier.records.uploads import may_manage
from verifier.spaces.access import Reader, may
from verifier.spaces.models import Space
from verifier.spaces.prepared import Prepared
from verifier.spaces.roles import ROLE_FOR, Action

_BY_HASH = Prepared(lambda reader, sha256: BpfObject.objects.visible_to(reader).at(sha256))
View = Callable[..., HttpResponse]
_MAY_NOT = "You may look at this, but not do that: it takes the role of a {role} in its space."


def object_view(
    action: Action = Action.SEE,
) -> Callable[[Callable[Concatenate[HttpRequest, BpfObject, ...], HttpResponse]], View]:
    """Give a view the object of its address, if its reader may do the action with it."""

    def find(user: Reader, sha256: str) -> BpfObject | None:
        if "-" in sha256:  # the address names a loader, too
            return BpfObject.objects.visible_to(user).at(sha256).first()
        return next(iter(_BY_HASH.rows(user, sha256)), None)

    def allows(user: Reader, obj: BpfObject) -> bool:
        return may_with(user, action, obj)

    return _finder("sha256", find, allows, action)


def submission_view(
    action: Literal[Action.SEE, Action.MANAGE] = Action.SEE,
) -> Callable[[Callable[Concatenate[HttpRequest, Submission, ...], HttpResponse]], View]:
    """Give a view the submission of its address; whoever uploaded it may manage it."""

    def find(user: Reader, pk: int) -> Submission | None:
        return Submission.objects.visible_to(user).filter(pk=pk).first()

    def allows(user: Reader, submission: Submission) -> bool:
        return may_manage(user, submission)

    return _finder("pk", find, allows, action)


def may_with(user: Reader, action: Action, obj: BpfObject) -> bool:
    """Return whether somebody may do something with an object, in one of its spaces."""
    return BpfObject.objects.where(user, action).filter(pk=obj.pk).exists()


def space_view(
    action: Action = Action.SEE,
) -> Callable[[Callable[Concatenate[HttpRequest, Space, ...], HttpResponse]], View]:
    """Give a view the space of its address."""

    def find(user: Reader, slug: str) -> Space | None:
        return Space.objects.visible_to(user).staying().filter(slug=slug).first()

    def allows(user: Reader, space: Space) -> bool:
        return may(user, action, space)

    return _finder("slug", find, allows, action)


def recheck_view(
    action: Literal[Action.SEE, Action.MANAGE] = Action.SEE,
) -> Callable[[Callable[Concatenate[HttpRequest, Recheck, ...], HttpResponse]], View]:
    """Give a view the recheck of its address."""

    def find(user: Reader, pk: int) -> Recheck | None:
        return Recheck.objects.visible_to(user).filter(pk=pk).select_related("space").first()

    def allows(user: Reader, run: Recheck) -> bool:
        return run.may_be_cancelled_by(user)

    return _finder("pk", find, allows, action)


def _finder(
    part: str,
    find: Callable[[Reader, Any], Any],
    allows: Callable[[Reader, Any], bool],
    action: Action,
) -> Callable[[Callable[..., HttpResponse]], View]:
    def decorate(view: Callable[..., HttpResponse]) -> View:
        @wraps(view)
        def found(request: HttpRequest, **address: Any) -> HttpResponse:
            signed_in = request.user.is_authenticated
            row = find(request.user, address.pop(part))
            if not signed_in and (row is None or action != Action.SEE):
                return redirect_to_login(request.get_full_path())
            if row is None:
                raise Http404
            if action != Action.SEE and not allows(request.user, row):
                raise PermissionDenied(_MAY_NOT.format(role=ROLE_FOR[action]))
            return view(request, row, **address)

        return found

    return decorate
