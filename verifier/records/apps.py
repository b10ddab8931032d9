"""Django's entry to the rows of verifier."""

from importlib import import_module

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """The application `verifier`: its rows, migrations and commands are in this room."""

    name = "verifier.records"
    label = "verifier"
    verbose_name = "Objects and verdicts"

    def ready(self) -> None:
        """Have personal spaces end with their owners."""
        import_module("verifier.records.endings")
