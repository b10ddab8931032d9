"""Django's entry to the checks that objects get again."""

from importlib import import_module

from django.apps import AppConfig


class RecheckingConfig(AppConfig):
    """The application `verifier_rechecking`: its rows, and its step at each tick of a worker."""

    name = "verifier.rechecking"
    label = "verifier_rechecking"
    verbose_name = "Checks again"

    def ready(self) -> None:
        """Have the ticker of every worker notice changes, and go on where the last one ended."""
        advance = import_module("verifier.rechecking.advance")
        import_module("verifier.jobs.reconcile").also_due(advance.advance)
