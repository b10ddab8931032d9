"""Django's entry to verifier."""

from django.apps import AppConfig


class VerifierConfig(AppConfig):
    """The application `verifier`."""

    name = "verifier"
    label = "verifier"
    verbose_name = "Objects and verdicts"
