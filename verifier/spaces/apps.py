"""Django's entry to the rows of spaces."""

from django.apps import AppConfig


class SpacesConfig(AppConfig):
    name = "verifier.spaces"
    label = "spaces"
    verbose_name = "Spaces"
