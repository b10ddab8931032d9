"""The latest objects that somebody may see, however many others have.

Files stand in an index of their space, the latest object first, with their names: the spaces that
are open to the reader are found before anything is read of what they hold. This says where to look;
whether an object may be seen, `BpfObject.objects.visible_to` says of each that is found.
"""

from __future__ import annotations

from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from verifier.records.cursor import START, Cursor
from verifier.records.models import BpfObject, Submission, SubmittedFile
from verifier.records.models.object import BpfObjectQuerySet
from verifier.records.models.submission import SubmittedFileQuerySet
from verifier.spaces.access import Reader, sees_everything
from verifier.spaces.models import Space
from verifier.spaces.prepared import Prepared

LOOKED_AT = 5_000  # objects: what begins at those of a reader
_MOST_SPACES = 200  # whose ids stand in a question, so that a database knows what each holds
_GREATEST = 2**63 - 1
_FILES = "files__object"
Ids = QuerySet[Any, Any]


def find_newest(reader: Reader, count: int) -> BpfObjectQuerySet:
    """Return the latest objects that somebody may see, under the names they have there."""
    return BpfObject.objects.visible_to(reader).filter(pk__in=newest_ids(reader, count))


def newest_ids(reader: Reader, count: int, cursor: Cursor = START) -> Ids:
    """Return the ids of the latest objects in the spaces that somebody may see, in their order.

    Of each space as many are read, from the end of its index or from a place on; what is read
    back from a place comes in the opposite order.
    """
    if sees_everything(reader):
        return read_from(BpfObject.objects.values_list("pk", flat=True), "pk", cursor)[:count]
    last = Subquery(read_from(ids_in(OuterRef("pk")), "object", cursor)[count - 1 : count])
    if cursor.above is None:
        edge, order = {f"{_FILES}__gte": Coalesce(last, 0)}, "-found"
    else:
        edge, order = {f"{_FILES}__lte": Coalesce(last, _GREATEST)}, "found"
    latest = Space.objects.visible_to(reader).filter(**edge, **_bounds(_FILES, cursor))
    # A sum, for PostgreSQL would take the order from an index of all files, and read these.
    ids = latest.annotate(found=F(_FILES) + 0).values_list("found", flat=True)
    return ids.order_by(order).distinct()[:count]


def ids_in(space: Space | OuterRef) -> Ids:
    """Return the ids of the objects in a space, the latest first."""
    return objects_of(SubmittedFile.objects.filter(space=space, object__isnull=False))


def count_in(space: Space) -> tuple[int, bool]:
    """Return how many objects a space holds, counted to LOOKED_AT, and whether these are all."""
    count = ids_in(space)[: LOOKED_AT + 1].count()
    return min(count, LOOKED_AT), count <= LOOKED_AT


def objects_of(rows: QuerySet[Any, Any]) -> Ids:
    return rows.order_by("-object").values_list("object", flat=True).distinct()


def read_from(ids: Ids, name: str, cursor: Cursor) -> Ids:
    """Return ids from a place on, in the order in which they are read."""
    rows = ids.filter(**_bounds(name, cursor))
    return rows.order_by(f"-{name}" if cursor.above is None else name)


def _bounds(name: str, cursor: Cursor) -> dict[str, int]:
    bounds = {f"{name}__lt": cursor.below, f"{name}__gt": cursor.above}
    return {condition: pk for condition, pk in bounds.items() if pk is not None}


def sees_few(reader: Reader) -> bool:
    """Return whether what is asked of all objects is better asked of the reader's own alone."""
    return _UP_TO_MANY.count(reader) < LOOKED_AT


_UP_TO_MANY = Prepared(lambda reader, _: newest_ids(reader, LOOKED_AT))


def files_seen(reader: Reader) -> SubmittedFileQuerySet:
    """Return the files of objects in the spaces that somebody may see.

    The ids of these spaces stand in the question, unless they are many: told to find them by
    itself, PostgreSQL reads the names in all spaces for somebody who sees few of them.
    """
    files = SubmittedFile.objects.filter(object__isnull=False)
    some = [space.pk for space in _SPACES.rows(reader)]
    if len(some) <= _MOST_SPACES:
        return files.filter(space__in=some)
    return files.filter(space__in=Space.objects.visible_to(reader).order_by().values("pk"))


_SPACES = Prepared(
    lambda reader, _: Space.objects.visible_to(reader).order_by().only("pk")[: _MOST_SPACES + 1]
)


def put_files_in_spaces() -> None:
    """Note the space of files that a web process of an earlier release took in without it."""
    strays = SubmittedFile.objects.filter(space=None, submission__space__isnull=False)
    space = Submission.objects.filter(pk=OuterRef("submission")).values("space")
    strays.update(space=Subquery(space))
