"""The tables of a new database, made at once from the models instead of step by step."""

from __future__ import annotations

from collections.abc import Iterable

from django.apps import apps
from django.db import router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder


def make_tables(connection: BaseDatabaseWrapper, steps: Iterable[tuple[str, str]]) -> None:
    """Make every table of an empty SQLite database and note all migrations as applied.

    `steps` are the migrations that there are, each as application and name.

    What migrations lead to is what the models say, so a database without data need not go through
    each of them: that takes seconds, for SQLite copies a table with every change. All tables come
    in one transaction, or none. A database with any table, and one of another kind (which another
    host may be making at the same time), are left to `migrate`.
    """
    if connection.vendor != "sqlite" or connection.introspection.table_names():
        return
    recorder = MigrationRecorder(connection)
    with connection.schema_editor() as editor:
        editor.create_model(recorder.Migration)
        for app in apps.get_app_configs():
            for model in router.get_migratable_models(app, connection.alias):
                if model._meta.can_migrate(connection):
                    editor.create_model(model)
        recorder.migration_qs.bulk_create(
            [recorder.Migration(app=app, name=name) for app, name in sorted(steps)]
        )
