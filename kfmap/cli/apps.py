"""Django's entry to kfmap.cli: `manage.py verify` and `manage.py can_call` are found here."""

from django.apps import AppConfig


class CliConfig(AppConfig):
    name = "kfmap.cli"
    label = "kfmap_cli"
    verbose_name = "Commands"
