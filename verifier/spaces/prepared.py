"""Questions about what somebody sees, put into SQL once for all readers of a kind.

The rule of access stands up to three times in such a question: putting it together takes the ORM
ten times as long as the database takes to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model, QuerySet

from verifier.spaces.access import Reader

M = TypeVar("M", bound=Model)
Sql = tuple[str, tuple[Any, ...]]

# Where the reader, the text and the row stand among the values of the SQL: no row has such values.
_READER, _TEXT = -987_654_321, "\0text"
ROW = -987_654_322  # for the id of the row that a question is about


class Prepared(Generic[M]):
    """A question that differs by its reader, a text and a row, in values of its SQL alone.

    `build` is called once for each kind of reader, with one who stands for all, a text that does,
    and ROW where it is about a row: whatever else it looks at, such as a clock, stays as it was.
    """

    def __init__(self, build: Callable[[Reader, str], QuerySet[M, Any]]) -> None:
        self._build = build
        self._built: dict[tuple[object, ...], tuple[type[M], Sql]] = {}

    def rows(self, reader: Reader, text: str = "", row: int = 0) -> list[M]:
        """Return the rows that the question finds."""
        try:
            model, (sql, values) = self._find_sql(reader)
        except EmptyResultSet:
            return []
        return list(model._default_manager.raw(sql, _fill(values, reader, text, row)))

    def count(self, reader: Reader, text: str = "") -> int:
        """Return how many rows the question finds."""
        try:
            (found,) = self.within("SELECT COUNT(*) FROM ({}) found", [], reader, text)
        except EmptyResultSet:
            return 0
        return int(found)

    def within(
        self, sql: str, values: Sequence[Any], reader: Reader, text: str = ""
    ) -> tuple[Any, ...]:
        """Return the row of another question, which has this one at its end as `({})`.

        Raises EmptyResultSet where this one finds nothing, whatever there is.
        """
        _, (inner, inner_values) = self._find_sql(reader)
        with connection.cursor() as cursor:
            cursor.execute(sql.format(inner), [*values, *_fill(inner_values, reader, text)])
            row: tuple[Any, ...] = cursor.fetchone()
        return row

    def _find_sql(self, reader: Reader) -> tuple[type[M], Sql]:
        is_known = not isinstance(reader, AnonymousUser)
        kind = (connection.vendor, is_known, reader.is_active, reader.is_superuser)
        if kind not in self._built:
            account = User(pk=_READER, is_active=reader.is_active, is_superuser=reader.is_superuser)
            rows = self._build(account if is_known else AnonymousUser(), _TEXT)
            self._built[kind] = rows.model, rows.query.sql_with_params()
        return self._built[kind]


def _fill(values: Sequence[Any], reader: Reader, text: str, row: int = 0) -> list[Any]:
    real = {_READER: reader.pk, _TEXT: text, ROW: row}
    return [real.get(value, value) if type(value) in (int, str) else value for value in values]
