"""Django's entry to the rows of verifier."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """The application `verifier`: its rows, migrations and commands are in this room."""

    name = "verifier.records"
    label = "verifier"
    verbose_name = "Objects and verdicts"
