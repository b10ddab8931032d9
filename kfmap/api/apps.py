"""Django's entry to kfmap.api."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "kfmap.api"
    label = "kfmap_api"
    verbose_name = "API"
