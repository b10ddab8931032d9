"""`manage.py fetch_images`: the same as `kfmap fetch-images`."""

from kfmap.cli.as_django import CliCommand


class Command(CliCommand):
    """`kfmap.cli.fetch_images` as a command of Django."""
