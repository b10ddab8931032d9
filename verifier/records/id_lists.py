"""Lists of objects as their ids, the latest first, read from any place on."""

from __future__ import annotations

from typing import Protocol

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, QuerySet
from django.db.models.functions import Collate, Upper

from verifier.records.cursor import START, Cursor
from verifier.records.models import BpfObject, Call, SubmittedFile
from verifier.records.models.submission import SubmittedFileQuerySet
from verifier.records.newest import (
    LOOKED_AT,
    Ids,
    files_seen,
    newest_ids,
    objects_of,
    read_from,
)
from verifier.spaces.access import Reader, sees_everything
from verifier.spaces.models import Space

_INDEXED_LETTERS = 3  # parts of names that `pg_trgm` finds by its index


class IdList(Protocol):
    """Ids of objects, the latest first."""

    def read(self, cursor: Cursor, count: int) -> list[int]:
        """Return so many from a place on or, going back, the nearest before it."""

    def skip(self, start: int, count: int) -> list[int]:
        """Return so many after the first ones: each of these is read, too."""


class FoundIds:
    """The ids that a question gives, whose rows name their object."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def read(self, cursor: Cursor, count: int) -> list[int]:
        """Return so many from a place on."""
        return _latest_first(read_from(self._ids, "object", cursor)[:count], cursor)

    def skip(self, start: int, count: int) -> list[int]:
        """Return so many after the first ones."""
        return list(_told_apart(self._ids)[start : start + count])


class SeenIds:
    """The ids of all objects that somebody may see."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def read(self, cursor: Cursor, count: int) -> list[int]:
        """Return so many from a place on."""
        return _latest_first(newest_ids(self._reader, count, cursor), cursor)

    def skip(self, start: int, count: int) -> list[int]:
        """Return so many after the first ones."""
        if start < LOOKED_AT or sees_everything(self._reader):
            return list(newest_ids(self._reader, start + count)[start:])
        return FoundIds(objects_of(files_seen(self._reader))).skip(start, count)


class NamedIds(FoundIds):
    """The ids of the objects that have a text in a name in the reader's spaces, or in one space.

    They are looked for among the nearest first, which gives enough where many have it.
    """

    def __init__(self, reader: Reader, text: str, space: Space | None = None) -> None:
        self.all = objects_of(files_among(reader, text, space))
        super().__init__(self.all)

    def read(self, cursor: Cursor, count: int) -> list[int]:
        """Return so many from a place on."""
        if cursor.above is None:
            first = cursor.below or _find_last_id() + 1
            near = self.all.filter(object__gte=first - LOOKED_AT)
        else:
            near = self.all.filter(object__lte=cursor.above + LOOKED_AT)
        found = FoundIds(near).read(cursor, count)
        if len(found) == count:
            return found
        # A sum, for a database would take the order from an index of all files, and read these.
        rows = read_from(self.all, "object", cursor).annotate(found=F("object") + 0)
        order = "-found" if cursor.above is None else "found"
        found = list(rows.order_by(order).values_list("found", flat=True)[:count])
        return found if cursor.above is None else found[::-1]


class CallingIds:
    """The ids of the objects that call a kfunc and have a file among these.

    Files and calls are read beside each other, both in the order of objects, so that what a page
    costs does not depend on how many of them are of the same: first among the latest objects,
    which gives enough where many are, then among all.
    """

    def __init__(self, files: SubmittedFileQuerySet, calls: QuerySet[Call]) -> None:
        self._files, self._calls = files, calls

    def read(self, cursor: Cursor, count: int) -> list[int]:
        """Return so many from a place on."""
        if cursor.above is None:
            return self._find_from(cursor, 0, count)
        lately = Cursor(above=cursor.above, below=cursor.above + LOOKED_AT + 1)
        found = self._find(lately, "")[:count]
        return list(found if len(found) == count else self._find(cursor, "")[:count])[::-1]

    def skip(self, start: int, count: int) -> list[int]:
        """Return so many after the first ones."""
        return self._find_from(START, start, count)

    def _find_from(self, cursor: Cursor, start: int, count: int) -> list[int]:
        below = cursor.below or _find_last_id() + 1
        above = below - LOOKED_AT - 2 * start - 1
        rows = slice(start, start + count)
        found = list(self._find(Cursor(below=below, above=above), "-")[rows])
        is_whole = len(found) == count or above <= 0
        return found if is_whole else list(self._find(cursor, "-")[rows])

    def _find(self, cursor: Cursor, descending: str) -> Ids:
        """Return ids from a place on in an order, "-" for the latest first.

        SQLite joins by looking each row up, but merges what it intersects. PostgreSQL reads all
        that it intersects, but merges what it joins.
        """
        files, calls = (
            read_from(rows, "object", cursor).order_by() for rows in (self._files, self._calls)
        )
        if connection.vendor == "sqlite":
            # A sum, for it would take the order from an index of all files, and read these.
            found = files.annotate(found=F("object") + 0).values_list("found", flat=True)
            both: Ids = found.intersection(calls.values_list("object"))
            return both.order_by(f"{descending}found")
        here = files.filter(Exists(calls.filter(object=OuterRef("object"))))
        return here.order_by(f"{descending}object").values_list("object", flat=True).distinct()


def calling_ids(reader: Reader, kfunc: str, text: str = "", space: Space | None = None) -> IdList:
    """Return the ids of the objects that call a kfunc and that somebody may see.

    `text` is a part of their names; where a space is given, only those in it are meant.
    """
    calls = Call.objects.filter(kfunc=kfunc, object__isnull=False)
    if sees_everything(reader) and not text and space is None:
        return FoundIds(objects_of(calls))
    return CallingIds(files_among(reader, text, space), calls)


class BegunIds:
    """A list of which the first ids are read once, for whatever part of it is asked for then."""

    def __init__(self, rows: IdList, count: int) -> None:
        self._rows = rows
        self.first = rows.read(START, count)
        self.is_whole = len(self.first) < count

    def read(self, cursor: Cursor, count: int) -> list[int]:
        """Return so many from a place on."""
        if cursor.above is not None:
            newer = [pk for pk in self.first if pk > cursor.above]
            is_known = self.is_whole or len(newer) < len(self.first)
            return newer[-count:] if is_known else self._rows.read(cursor, count)
        older = [pk for pk in self.first if cursor.below is None or pk < cursor.below]
        is_known = self.is_whole or len(older) >= count
        return older[:count] if is_known else self._rows.read(cursor, count)

    def skip(self, start: int, count: int) -> list[int]:
        """Return so many after the first ones."""
        is_known = self.is_whole or start + count <= len(self.first)
        return self.first[start : start + count] if is_known else self._rows.skip(start, count)


def files_among(reader: Reader, text: str, space: Space | None = None) -> SubmittedFileQuerySet:
    """Return the files of objects with a text in their name, in one space or all that are seen."""
    files = files_seen(reader) if space is None else SubmittedFile.objects.filter(space=space)
    rows = files.filter(object__isnull=False)
    if not text:
        return rows
    if connection.vendor == "postgresql" and len(text) < _INDEXED_LETTERS and text.isascii():
        # All names are read: to fold the case of ASCII letters alone takes a third of the time.
        folded = Upper(Collate("name", "C"))
        return rows.annotate(folded=folded).filter(folded__contains=text.upper())
    return rows.filter(name__icontains=text)


def _told_apart(ids: Ids) -> Ids:
    """Return ids without those that come twice: PostgreSQL takes half as long to group them as for
    DISTINCT, SQLite twice as long."""
    if connection.vendor != "postgresql":
        return ids
    rows = ids.all()
    rows.query.distinct = False
    grouped: Ids = rows.annotate(rows=Count("pk")).values_list("object", flat=True)
    return grouped


def _latest_first(ids: Ids, cursor: Cursor) -> list[int]:
    return list(ids) if cursor.above is None else list(ids)[::-1]


def _find_last_id() -> int:
    return BpfObject.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
