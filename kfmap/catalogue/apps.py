"""Django's entry to kfmap.catalogue."""

from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "kfmap.catalogue"
    label = "catalogue"
    verbose_name = "The map"
