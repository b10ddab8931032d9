"""Django's entry to kfmap.server."""

from importlib import import_module

from django.apps import AppConfig
from django.core.checks import register

from kfmap import celery
from kfmap.catalogue.checks_tag import SETTINGS_CHECKS
from kfmap.server.checks import CHECKS

_BYTES_OF_OBJECTS = "verifier.jobs.files"


class ServerConfig(AppConfig):
    """The application `kfmap.server`: the command `up` and the checks of settings."""

    name = "kfmap.server"
    label = "kfmap_server"
    verbose_name = "Server"
    celery_app = celery.app  # under any web server: see kfmap.celery

    def ready(self) -> None:
        """Have Django run the checks before every command, and bytes go with their rows."""
        import_module(_BYTES_OF_OBJECTS)  # it has models, which are loaded by now
        for check in CHECKS:
            register(check, SETTINGS_CHECKS)
