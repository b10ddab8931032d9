"""Django's entry to kfmap.web."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "kfmap.web"
    label = "kfmap_web"
    verbose_name = "Pages of the map"
