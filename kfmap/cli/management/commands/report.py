"""`manage.py report`: see `kfmap.cli.report`."""

from kfmap.cli.as_django import CliCommand


class Command(CliCommand):
    """The command `report`."""
