"""`manage.py can_call`: the same as `kfmap can-call`."""

from kfmap.cli.as_django import CliCommand


class Command(CliCommand):
    """`kfmap.cli.can_call` as a command of Django."""
