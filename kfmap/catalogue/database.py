"""Get the database ready at start, or say in one sentence why it cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

from kfmap.catalogue.availability import NO_ROOM, find_absence
from kfmap.catalogue.new_database import make_tables

_SHORT_SECONDS = 0.2


class DatabaseNotUsableError(RuntimeError):
    """The database cannot be used; the message says why and what to do."""


@contextmanager
def usable_database() -> Iterator[None]:
    """Have an error of the database in the block be one sentence.

    Raises DatabaseNotUsableError with it.
    """
    try:
        yield
    except DatabaseError as error:
        said = str(error).strip().rstrip(".")
        sentence = f"The database {describe_database()} cannot be used: {said}."
        if find_absence(error) == NO_ROOM:
            sentence += " Make room, or name another place in KFMAP_DATA_DIR or DATABASE_URL."
        raise DatabaseNotUsableError(sentence) from error


def prepare_database() -> None:
    """Make the tables, or apply migrations to those there are.

    Raises DatabaseNotUsableError, also for the database of a newer kfmap.
    """
    with usable_database():
        loader = MigrationLoader(connection)
        newer = sorted(set(loader.applied_migrations) - set(loader.disk_migrations))
        if newer:
            raise DatabaseNotUsableError(_newer_sentence(newer))
        make_tables(connection, loader.disk_migrations)
        call_command("migrate", verbosity=0)


@contextmanager
def with_a_short_wait() -> Iterator[None]:
    """Have what is written in the block fail soon where another program holds the database."""
    if connection.vendor != "sqlite":
        yield
        return
    timeout = settings.DATABASES["default"]["OPTIONS"].get("timeout", 5)
    _wait_for_lock(_SHORT_SECONDS)
    try:
        yield
    finally:
        _wait_for_lock(timeout)


def _wait_for_lock(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")


def describe_database() -> str:
    """Name the database without its password."""
    database = settings.DATABASES["default"]
    host = f" on {database['HOST']}" if database.get("HOST") else ""
    return f"{database['NAME']}{host}"


def _newer_sentence(newer: list[tuple[str, str]]) -> str:
    app, name = newer[-1]
    made = f"The database {describe_database()} was made by a newer kfmap (it has {app}.{name})"
    return f"{made}: update kfmap, or name another one in KFMAP_DATA_DIR or DATABASE_URL."
