"""The end of spaces and uploads: what has many files goes in steps, and is hidden at once.

An object goes with the last upload of it, and its bytes with the object. A step is short and keeps
what it did in rows: the next one, of whatever worker, goes on from there.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

from django.contrib.auth.models import User
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import CASCADE
from django.db.models.signals import pre_delete
from django.dispatch import receiver

from verifier.records.models import BpfObject, Submission, SubmittedFile
from verifier.records.models.removal import counted_as_one
from verifier.spaces.access import Reader
from verifier.spaces.models import AuditEntry, Ending, Space

AT_ONCE = 100  # files, without a step of a worker
_BATCH = 200  # in a transaction
_SECONDS = 2.0


def delete_space(space: Space, by: Reader) -> bool:
    """End a space with its uploads; the trail stays. Return whether all is gone by now.

    Raises ValueError for a personal one.
    """
    if space.is_personal:
        raise ValueError("a personal space goes with its owner")
    return _end_space(space, by)


@transaction.atomic
def delete_upload(submission: Submission, by: Reader | None) -> bool:
    """Delete an upload; objects that no other upload has go with it, and their bytes.

    Return whether all is gone by now.
    """
    names = list(submission.files.values_list("name", flat=True)[: AT_ONCE + 1])
    AuditEntry.objects.record(
        submission.space, by, "upload deleted", str(submission), files=names[:AT_ONCE]
    )
    if len(names) > AT_ONCE:
        _hide(submission, by)
        return False
    _remove_files(submission, len(names))
    submission.delete()
    return True


def go_on_ending(seconds: float = _SECONDS) -> None:
    """Remove some more of what was deleted: asked for at each tick, by any number of workers.

    A batch at least, however few the seconds.
    """
    ends_at = time.monotonic() + seconds
    while ending := Ending.objects.take():
        while _remove_some(ending) and time.monotonic() < ends_at:
            pass
        ending.let_go()  # what fails on the way is left for a while, so that others have a turn
        if time.monotonic() >= ends_at:
            return


def _end_space(space: Space, by: Reader | None) -> bool:
    ending = Ending.objects.end_space(space, by)
    if ending.total > AT_ONCE or not Ending.objects.filter(pk=ending.pk).take():
        return False
    while _remove_some(ending):
        pass
    return True


def _hide(submission: Submission, by: Reader | None) -> None:
    """Put an upload into a space of its own, which ends; its files follow in the first step."""
    space = Space.objects.create(slug=f"upload-{secrets.token_hex(8)}", name=str(submission))
    submission.user, submission.space = None, space
    submission.save(update_fields=["user", "space"])
    Ending.objects.begin(space, by, str(submission), submission.files.count())


def _remove_some(ending: Ending) -> bool:
    """Remove a batch of an ending space, at last the space itself; return whether more is left."""
    submission = Submission.objects.filter(space=ending.space_id).order_by("pk").first()
    if submission is not None:
        if not ending.removed:
            strays = submission.files.exclude(space=ending.space_id)
            strays.update(space=ending.space_id)
        if removed := _remove_files(submission, _BATCH):
            ending.note(removed)
        else:
            submission.delete()
        return True
    for rows in _list_rest(ending.space):
        if pks := list(rows.values_list("pk", flat=True)[:_BATCH]):
            rows.model._base_manager.filter(pk__in=pks).delete()
            ending.note(0)
            return True
    ending.space.delete()
    return False


def _remove_files(submission: Submission, count: int) -> int:
    """Remove so many files of an upload, and the objects that no other has; return how many."""
    rows = submission.files.order_by().values_list("pk", "object")
    files = dict(rows[:count])
    objects = {pk for pk in files.values() if pk is not None}
    with counted_as_one():
        others = SubmittedFile.objects.filter(object__in=objects).exclude(pk__in=files)
        kept = set(others.values_list("object", flat=True))
        BpfObject.objects.filter(pk__in=objects - kept).delete()
        # Others have what is left: no signal needs to look for objects that nobody has.
        SubmittedFile.objects.filter(pk__in=files).order_by()._raw_delete(DEFAULT_DB_ALIAS)
    return len(files)


def _list_rest(space: Space) -> list[Any]:
    """Return what else goes with a space, its own ending left out, as one question by kind."""
    kinds = [
        relation.related_model._base_manager.filter(**{relation.field.name: space})
        for relation in Space._meta.related_objects
        if relation.on_delete is CASCADE and relation.related_model is not Ending
    ]
    return [rows.order_by("pk") for rows in kinds]


@receiver(pre_delete, sender=User)
def _end_with_owner(instance: User, **_: Any) -> None:
    """End somebody's personal space when they are deleted, in whatever way."""
    space = Space.objects.filter(owner=instance).first()
    if space is not None:
        _end_space(space, None)
