"""Django's entry to kfmap.adding."""

from importlib import import_module

from django.apps import AppConfig


class AddingConfig(AppConfig):
    name = "kfmap.adding"
    label = "kfmap_adding"
    verbose_name = "Adding kernels"

    def ready(self) -> None:
        """Have tickers send again what was lost on the way to the queue, and clean up."""
        also_due = import_module("verifier.jobs.reconcile").also_due
        also_due(import_module("kfmap.adding.queue").send_additions)
        also_due(import_module("kfmap.adding.scratch").remove_left_folders)
        also_due(import_module("kfmap.adding.parts").forget_left_parts)
