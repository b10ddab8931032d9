"""A command of this room as Django's: the same arguments, the same run, the same exit codes."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand, CommandError

from kfmap.catalogue.checks_tag import SETTINGS_CHECKS
from kfmap.cli.commands import CommandFailedError, find_command
from kfmap.cli.main import FAILED


class CliCommand(BaseCommand):
    """Runs the command of this room that has the name of the subclass's module."""

    requires_system_checks = (SETTINGS_CHECKS,)

    def __init__(self, *args: Any, **options: Any) -> None:
        """Find the command by the module's name."""
        name = type(self).__module__.rpartition(".")[2]
        command = find_command(name)
        assert command is not None, name
        self._command = command
        self.help = command.HELP
        super().__init__(*args, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what the command takes."""
        self._command.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it; an exit code other than 0 ends the process with it."""
        try:
            code = self._command.run(Namespace(**options), cast(TextIO, self.stdout))
        except CommandFailedError as failure:
            raise CommandError(str(failure), returncode=FAILED) from failure
        if code:
            sys.exit(code)
