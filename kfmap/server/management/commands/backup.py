"""`kfmap backup`: everything in one file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kfmap.server.backup import BackupError, say_how_much, write_backup


class Command(BaseCommand):
    """Write rows and objects to a file, while kfmap runs."""

    help = "Write everything kfmap keeps to one file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take where to."""
        parser.add_argument("file", metavar="FILE", type=Path, help="the file to write")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write, and say how much."""
        target: Path = options["file"]
        try:
            rows, objects = write_backup(target)
        except BackupError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{target} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{target}: {say_how_much(rows, objects)}.")
