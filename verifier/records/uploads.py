"""Uploads in their spaces: where an object is for somebody, and who may delete an upload."""

from __future__ import annotations

from django.db.models import OuterRef, Subquery

from verifier.records.models import BpfObject, Submission, SubmittedFile
from verifier.spaces.access import Reader, may
from verifier.spaces.models import Space
from verifier.spaces.models.space import SpaceQuerySet
from verifier.spaces.roles import Action


def spaces_of(obj: BpfObject, user: Reader, action: Action = Action.SEE) -> SpaceQuerySet:
    """Return the spaces that have an object and where somebody may do something."""
    files = SubmittedFile.objects.filter(object=obj)
    return Space.objects.where(user, action).filter(pk__in=files.values("submission__space"))


def find_space(user: Reader, obj: BpfObject, action: Action) -> Space | None:
    """Return the space in which somebody does something with an object.

    That is the one where it was uploaded first; None where they may do so in no space.
    """
    return spaces_by_upload(obj, user, action).first()


def spaces_by_upload(obj: BpfObject, user: Reader, action: Action) -> SpaceQuerySet:
    """Return the spaces of `spaces_of`, the one where the object was uploaded first at the head."""
    files = SubmittedFile.objects.filter(object=obj, submission__space=OuterRef("pk"))
    first = files.order_by("submission_id").values("submission_id")[:1]
    return spaces_of(obj, user, action).order_by(Subquery(first))


def may_manage(user: Reader, submission: Submission) -> bool:
    """Return whether somebody may delete an upload: their own, or one in a space they maintain."""
    if submission.user_id == user.pk and user.is_authenticated:
        return True
    return submission.space is not None and may(user, Action.MANAGE, submission.space)
