"""`kfmap restore`: a backup into an empty database."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kfmap.server.backup import BackupError, read_backup, say_how_much


class Command(BaseCommand):
    """Fill an empty database of any kind from a file of `kfmap backup`."""

    help = "Fill an empty database from a backup."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take where from."""
        parser.add_argument("file", metavar="FILE", type=Path, help="a file of `kfmap backup`")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, and say how much."""
        source: Path = options["file"]
        try:
            rows, objects = read_backup(source)
        except BackupError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{source} cannot be read: {error.strerror}.") from error
        self.stdout.write(f"Restored {say_how_much(rows, objects)}.")
