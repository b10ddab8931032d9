"""`manage.py probe`: the same as `kfmap probe`."""

from kfmap.cli.as_django import CliCommand


class Command(CliCommand):
    """`kfmap.cli.probe` as a command of Django."""
