"""Get the database ready at start, or say in one sentence why it cannot be used."""

from __future__ import annotations

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader


class DatabaseNotUsableError(RuntimeError):
    """The database cannot be used; the message says why and what to do."""


def prepare_database() -> None:
    """Apply migrations. Raises DatabaseNotUsableError, also for the database of a newer kfmap."""
    try:
        loader = MigrationLoader(connection)
        newer = sorted(set(loader.applied_migrations) - set(loader.disk_migrations))
        if newer:
            raise DatabaseNotUsableError(_newer_sentence(newer))
        call_command("migrate", verbosity=0)
    except DatabaseError as error:
        raise DatabaseNotUsableError(
            f"The database {describe_database()} cannot be used: {str(error).strip()}."
        ) from error


def describe_database() -> str:
    """Name the database without its password."""
    database = settings.DATABASES["default"]
    host = f" on {database['HOST']}" if database.get("HOST") else ""
    return f"{database['NAME']}{host}"


def _newer_sentence(newer: list[tuple[str, str]]) -> str:
    app, name = newer[-1]
    made = f"The database {describe_database()} was made by a newer kfmap (it has {app}.{name})"
    return f"{made}: update kfmap, or name another one in KFMAP_DATA_DIR or DATABASE_URL."
