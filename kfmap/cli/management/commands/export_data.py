"""`manage.py export_data`: the same as `kfmap export-data`."""

from kfmap.cli.as_django import CliCommand


class Command(CliCommand):
    """`kfmap.cli.export_data` as a command of Django."""
