"""Django's entry to webhooks."""

from importlib import import_module

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """The application `verifier_webhooks`: its rows, and its step at each tick of a worker."""

    name = "verifier.webhooks"
    label = "verifier_webhooks"
    verbose_name = "Webhooks"

    def ready(self) -> None:
        """Listen to what is announced; have the ticker of every worker send what is due."""
        import_module("verifier.webhooks.listening")
        queue = import_module("verifier.webhooks.queue")
        import_module("verifier.jobs.reconcile").also_due(queue.wake_due)
