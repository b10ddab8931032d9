"""`manage.py export_matrix`: every cell of a kernel."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kfmap.catalogue.checks_tag import SETTINGS_CHECKS
from kfmap.catalogue.commands import kernel_or_error
from kfmap.catalogue.matrix_export import RENDERERS
from kfmap.catalogue.matrix_rows import RowKind, explain_unknown


class Command(BaseCommand):
    """Print the matrix of one kernel."""

    help = "Print the verdict of every kfunc in every context of a kernel."
    requires_system_checks = (SETTINGS_CHECKS,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the kernel and the format."""
        parser.add_argument("kernel", metavar="KERNEL", help="a kernel's short name, such as 7.2")
        parser.add_argument("--format", choices=sorted(RENDERERS), default="json")
        parser.add_argument(
            "--kind",
            choices=[kind.value for kind in RowKind],
            default=RowKind.KFUNC.value,
            help="kfuncs, helpers or both",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        kernel = kernel_or_error(options["kernel"])
        kind = RowKind(options["kind"])
        if why := explain_unknown(kind, kernel):
            raise CommandError(why)
        self.stdout.write(RENDERERS[options["format"]](kernel, kind), ending="")
