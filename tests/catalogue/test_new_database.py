"""The tables that a first start makes at once are those that the migrations lead to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection as migrated
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.utils import ConnectionHandler

from kfmap.catalogue.new_database import make_tables

TABLES = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master ORDER BY name"


@pytest.fixture
def empty() -> Iterator[BaseDatabaseWrapper]:
    """Return a database without tables."""
    handler = ConnectionHandler(
        {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    )
    connection = handler["default"]
    yield connection
    connection.close()


def read_tables(connection: BaseDatabaseWrapper) -> list[tuple[str, ...]]:
    """Return tables and indexes; the order of columns and constraints does not count."""
    with connection.cursor() as cursor:
        return [
            (*rest, *sorted(sql.partition("(")[2].removesuffix(")").split(", ")))
            for *rest, sql in cursor.execute(TABLES)
        ]


@pytest.mark.django_db
def test_tables_made_at_once_are_those_of_the_migrations(empty: BaseDatabaseWrapper) -> None:
    make_tables(empty, MigrationLoader(empty).disk_migrations)
    tables = read_tables(empty)
    assert len(tables) > 100
    assert tables == read_tables(migrated)
    loader = MigrationLoader(empty)
    assert set(loader.applied_migrations) == set(MigrationLoader(migrated).applied_migrations)
    assert set(loader.graph.leaf_nodes()) <= loader.applied_migrations.keys()


@pytest.mark.django_db
def test_database_with_a_table_is_left_to_its_migrations(empty: BaseDatabaseWrapper) -> None:
    with empty.cursor() as cursor:
        cursor.execute("CREATE TABLE mine (id integer)")
    make_tables(empty, MigrationLoader(empty).disk_migrations)
    assert empty.introspection.table_names() == ["mine"]
