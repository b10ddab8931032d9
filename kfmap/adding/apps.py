"""Django's entry to kfmap.adding."""

from django.apps import AppConfig


class AddingConfig(AppConfig):
    name = "kfmap.adding"
    label = "kfmap_adding"
    verbose_name = "Adding kernels"
