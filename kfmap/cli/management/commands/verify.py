"""`manage.py verify`: the same as `kfmap verify`."""

from kfmap.cli.as_django import CliCommand


class Command(CliCommand):
    """`kfmap.cli.verify` as a command of Django."""
