"""The latest objects that somebody may see, however many others have.

Files stand in an index of their space, the latest object first, with their names: the spaces that
are open to the reader are found before anything is read of what they hold. This says where to look;
whether an object may be seen, `BpfObject.objects.visible_to` says of each that is found.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from verifier.records.models import BpfObject, Call, Submission, SubmittedFile
from verifier.records.models.object import BpfObjectQuerySet
from verifier.records.models.submission import SubmittedFileQuerySet
from verifier.spaces.access import Reader, sees_everything
from verifier.spaces.models import Space
from verifier.spaces.prepared import Prepared

LOOKED_AT = 5_000  # objects: how far they are counted, and what begins at those of a reader
Ids = QuerySet[Any, Any]


def find_newest(reader: Reader, count: int) -> BpfObjectQuerySet:
    """Return the latest objects that somebody may see, under the names they have there."""
    return BpfObject.objects.visible_to(reader).filter(pk__in=newest_ids(reader, count))


def newest_ids(reader: Reader, count: int) -> Ids:
    """Return the ids of the latest objects in the spaces that somebody may see, in their order.

    Of each space as many are read, from the end of its index.
    """
    if sees_everything(reader):
        return BpfObject.objects.order_by("-pk").values_list("pk", flat=True)[:count]
    last = ids_in(OuterRef("pk"))[count - 1 : count]
    spaces = Space.objects.visible_to(reader)
    latest = spaces.filter(files__object__gte=Coalesce(Subquery(last), 0))
    # A sum, for PostgreSQL would take the order from an index of all files, and read these.
    ids = latest.annotate(found=F("files__object") + 0).values_list("found", flat=True)
    return ids.order_by("-found").distinct()[:count]


def ids_in(space: Space | OuterRef) -> Ids:
    """Return the ids of the objects in a space, the latest first."""
    files = SubmittedFile.objects.filter(space=space, object__isnull=False)
    return files.order_by("-object").values_list("object", flat=True).distinct()


def sees_few(reader: Reader) -> bool:
    """Return whether what is asked of all objects is better asked of the reader's own alone."""
    return _UP_TO_MANY.count(reader) < LOOKED_AT


_UP_TO_MANY = Prepared(lambda reader, _: newest_ids(reader, LOOKED_AT))


def files_seen(reader: Reader) -> SubmittedFileQuerySet:
    """Return the files of objects in the spaces that somebody may see."""
    spaces = Space.objects.visible_to(reader).order_by().values("pk")
    return SubmittedFile.objects.filter(space__in=spaces, object__isnull=False)


class SeenIds:
    """The ids of the objects that somebody may see, cut like a list, the latest first.

    `text`: of those alone that have it in a name in the reader's spaces. They are looked for among
    the latest objects of each space, and among all where these do not give enough.
    """

    def __init__(self, reader: Reader, text: str = "") -> None:
        self._reader, self._text = reader, text
        files = files_seen(reader)
        named = files.filter(name__icontains=text) if text else files
        self.all: Ids = named.order_by("-object").values_list("object", flat=True).distinct()
        self._read_to, self._first = 0, list[int]()

    def __getitem__(self, part: slice) -> list[int]:
        start, stop = part.start or 0, part.stop
        if not self._text:
            return list(newest_ids(self._reader, stop)[start:])
        if stop <= self._read_to:
            return self._first[start:stop]
        latest = newest_ids(self._reader, max(LOOKED_AT, stop))
        found = list(self.all.filter(object__in=latest)[start:stop])
        return found if len(found) == stop - start else list(self.all[start:stop])

    def count(self, most: int) -> int:
        """Count them, up to so many; those with a text are read by it, once for count and page."""
        if not self._text:
            return newest_ids(self._reader, most).count()
        self._first, self._read_to = self[:most], most
        return len(self._first)


def caller_ids(reader: Reader, kfunc: str, *, of_few: bool) -> Ids:
    """Return the ids of the objects that call a kfunc and that somebody may see, the latest first.

    `of_few`, for a reader who sees few: whether the reader's objects call it is asked of each, else
    whether the reader may see what calls it.
    """
    if of_few:
        calls = Call.objects.filter(object__in=newest_ids(reader, LOOKED_AT), kfunc=kfunc)
    else:
        seen = BpfObject.objects.visible_to(reader).filter(pk=OuterRef("object"))
        calls = Call.objects.filter(Exists(seen), kfunc=kfunc)
    return calls.order_by("-object").values_list("object", flat=True).distinct()


def put_files_in_spaces() -> None:
    """Note the space of files that a web process of an earlier release took in without it."""
    strays = SubmittedFile.objects.filter(space=None, submission__space__isnull=False)
    space = Submission.objects.filter(pk=OuterRef("submission")).values("space")
    strays.update(space=Subquery(space))
