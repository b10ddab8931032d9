"""Django's entry to kfmap.api."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "kfmap.api"
    label = "kfmap_api"
    verbose_name = "API"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load what describes the API, which finds its parts by their having been imported."""
        from kfmap.api import schemes  # noqa: F401  # needs the framework's settings
