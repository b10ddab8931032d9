"""Lists of objects as their ids, the latest first, read from any place on."""

from __future__ import annotations

from typing import Protocol

from verifier.records.cursor import START, Cursor
from verifier.records.models import BpfObject, SubmittedFile
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
        return list(self._ids[start : start + count])


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

    They are looked for among the latest first, which gives enough where many have it.
    """

    def __init__(self, reader: Reader, text: str, space: Space | None = None) -> None:
        files = files_seen(reader) if space is None else SubmittedFile.objects.filter(space=space)
        self.all = objects_of(files.filter(object__isnull=False, name__icontains=text))
        super().__init__(self.all)

    def read(self, cursor: Cursor, count: int) -> list[int]:
        """Return so many from a place on."""
        if cursor.above is None:
            first = cursor.below or _find_last_id() + 1
            lately = self.all.filter(object__gte=first - LOOKED_AT)
            found = FoundIds(lately).read(cursor, count)
            if len(found) == count:
                return found
        return super().read(cursor, count)


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


def _latest_first(ids: Ids, cursor: Cursor) -> list[int]:
    return list(ids) if cursor.above is None else list(ids)[::-1]


def _find_last_id() -> int:
    return BpfObject.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
