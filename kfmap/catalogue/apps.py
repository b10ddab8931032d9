"""Django's entry to kfmap.catalogue."""

from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    """The application `kfmap.catalogue`."""

    name = "kfmap.catalogue"
    label = "catalogue"
    verbose_name = "The map"
