"""`manage.py submit`: the same as `kfmap submit`."""

from kfmap.cli.as_django import CliCommand


class Command(CliCommand):
    """`kfmap.cli.submit` as a command of Django."""
