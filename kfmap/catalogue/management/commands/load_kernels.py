"""`manage.py load_kernels`: put the bundled kernels into the map; a second run changes nothing."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Collection
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.catalogue.checks_tag import SETTINGS_CHECKS
from kfmap.catalogue.database import DatabaseNotUsableError, prepare_database, usable_database
from kfmap.catalogue.loading import Outcome, load_bundled
from kfmap.catalogue.rows.keep import keep_rows
from kfmap.counting import count_of


class Command(BaseCommand):
    """Load the bundled kernels, showing which, and make the rows of all kernels of the map."""

    help = "Load the kernels that come with kfmap. A second run changes nothing."
    requires_system_checks = (SETTINGS_CHECKS,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take which kernels."""
        parser.add_argument(
            "names", nargs="*", metavar="NAME", help="a kernel to load; without any, all of them"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the tables if need be, then load one kernel after the other."""
        present = [bundled.name for bundled in find_bundled()]
        if unknown := sorted(set(options["names"]).difference(present)):
            raise CommandError(
                f"No kernel that comes with kfmap is called {unknown[0]}: there are"
                f" {', '.join(present)}."
            )
        try:
            with usable_database():
                prepare_database()
                self._load(options["names"] or present)
        except DatabaseNotUsableError as error:
            raise CommandError(str(error)) from error

    def _load(self, names: Collection[str]) -> None:
        total, changed = len(set(names)), 0
        for at, (name, outcome) in enumerate(load_bundled(names=names), 1):
            changed += outcome == Outcome.LOADED
            self.stdout.write(f"[{at}/{total}] {name}: {outcome}")
            self.stdout.flush()
        self.stdout.write(f"{count_of(total, 'bundled kernel')}, {changed} loaded now.")
        self.stdout.flush()
        keep_rows()
