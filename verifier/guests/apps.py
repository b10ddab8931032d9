"""Django's entry to second opinions."""

from importlib import import_module

from django.apps import AppConfig


class GuestsConfig(AppConfig):
    """The application `verifier_guests`: rows of second opinions, and their jobs."""

    name = "verifier.guests"
    label = "verifier_guests"
    verbose_name = "Second opinions"

    def ready(self) -> None:
        """Have what was lost on the way to the queue sent again with all other jobs."""
        reconcile = import_module("verifier.guests.reconcile")
        import_module("verifier.jobs.reconcile").also_due(reconcile.reconcile_opinions)
