"""Insert many rows of one table from plain tuples.

`bulk_create` builds a model and an expression for every value: for the rows of all bundled kernels
that was a fifth of a first start. Nothing here depends on the kind of database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from django.db import connection
from django.db.models import Model

Value: TypeAlias = "str | int | bool | None"


def insert_rows(model: type[Model], fields: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Insert rows, each with the values of `fields` in their order, a foreign key as its id.

    Every column but the primary key is to be named: defaults of the model are not filled in.
    """
    quote = connection.ops.quote_name
    column_of = {field.name: field.column or "" for field in model._meta.concrete_fields}
    columns = ", ".join(quote(column_of[name]) for name in fields)
    places = ", ".join(["%s"] * len(fields))
    table = quote(model._meta.db_table)
    statement = f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608 - names of models
    with connection.cursor() as cursor:
        cursor.executemany(statement, list(rows))
