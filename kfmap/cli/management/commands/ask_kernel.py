"""`manage.py ask_kernel`: the same as `kfmap ask-kernel`."""

from kfmap.cli.as_django import CliCommand


class Command(CliCommand):
    """`kfmap.cli.ask_kernel` as a command of Django."""
