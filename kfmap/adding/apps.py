"""Django's entry to kfmap.adding."""

from importlib import import_module

from django.apps import AppConfig


class AddingConfig(AppConfig):
    name = "kfmap.adding"
    label = "kfmap_adding"
    verbose_name = "Adding kernels"

    def ready(self) -> None:
        """Have what was lost on the way to the queue sent again with all other jobs."""
        queue = import_module("kfmap.adding.queue")
        import_module("verifier.jobs.reconcile").also_due(queue.send_additions)
