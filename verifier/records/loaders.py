"""What the loader of an object does, as each space says it for itself.

Bytes have a row for each loader that some space says they have, so that what one space says
changes nothing in another. In a space the same bytes have one row.
"""

from __future__ import annotations

import json
from hashlib import sha256

from django.db import transaction

from verifier.engine.judging.choice_text import plain_choices
from verifier.engine.judging.choices import LoaderChoices
from verifier.records.models import Assignment, BpfObject, Removal, Review, SubmittedFile
from verifier.spaces.models import Space

Said = dict[str, list[str]]


@transaction.atomic
def take_object(
    space: Space, digest: str, size: int, name: str, choices: LoaderChoices | None
) -> BpfObject:
    """Return the row of bytes that are uploaded into a space, a new one where none fits.

    Without choices it is that for what the space said of their loader last.
    """
    there = BpfObject.objects.in_space(space).filter(sha256=digest).first()
    if choices is None:
        return there or _make(digest, size, name, {})
    if there is None:
        return _make(digest, size, name, plain_choices(choices))
    return move_to_loader(there, space, choices)


@transaction.atomic
def move_to_loader(obj: BpfObject, space: Space | None, choices: LoaderChoices) -> BpfObject:
    """Return the row of an object for a loader, and have the space's uploads be of that row.

    What reviewers said goes along; what it stood on it says itself. A row that no other space has
    stays and is for the other loader from now on, unless there is one for that already.
    """
    said = plain_choices(choices)
    if said == obj.loader:
        return obj
    other = BpfObject.objects.filter(sha256=obj.sha256, loader_key=loader_key(said)).first()
    elsewhere = SubmittedFile.objects.filter(object=obj).exclude(submission__space=space)
    if other is None and not elsewhere.exists():
        return _set_loader(obj, said)
    if other is None:
        other = _make(obj.sha256, obj.size, obj.file_name, said)
    SubmittedFile.objects.filter(object=obj, submission__space=space).update(object=other)
    Review.objects.filter(object=obj, space=space).update(object=other)
    Assignment.objects.filter(object=obj, space=space).update(object=other)
    if SubmittedFile.objects.filter(object=obj).exists():
        Removal.objects.note()  # it went from this space alone, and perhaps no job follows
    else:
        obj.delete()
    return other


def loader_key(said: Said) -> str:
    """Return what tells loaders apart; "" for one of which nothing is said."""
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest() if said else ""


def _make(digest: str, size: int, name: str, said: Said) -> BpfObject:
    obj, _ = BpfObject.objects.get_or_create(
        sha256=digest,
        loader_key=loader_key(said),
        defaults={"file_name": name, "size": size, "loader": said},
    )
    return obj


def _set_loader(obj: BpfObject, said: Said) -> BpfObject:
    """Let a row be for another loader: its verdicts are asked for again, unless it was for that
    one some time earlier. A job ends that checks for what it did before."""
    obj.loader, obj.loader_key = said, loader_key(said)
    obj.problem, obj.read_at = "", None  # the types of its programs may be others now
    obj.checked_by = 0
    obj.save(update_fields=["loader", "loader_key", "problem", "read_at", "checked_by"])
    obj.jobs.cancel()
    return obj
