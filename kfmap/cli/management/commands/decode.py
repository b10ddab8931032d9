"""`manage.py decode`: the same as `kfmap decode`."""

from kfmap.cli.as_django import CliCommand


class Command(CliCommand):
    """`kfmap.cli.decode` as a command of Django."""
