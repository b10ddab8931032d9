"""Django's commands, which say what went wrong as those of this room do."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management import ManagementUtility
from django.core.management.base import BaseCommand, CommandError, SystemCheckError


class Commands(ManagementUtility):
    """Runs one of them; where it fails, its sentence begins with its name, not an exception's."""

    def fetch_command(self, subcommand: str) -> BaseCommand:
        """Return the command; without `--traceback` it ends with a sentence and its exit code."""
        command: BaseCommand = super().fetch_command(subcommand)
        execute = command.execute

        def run(*args: Any, **options: Any) -> Any:
            try:
                return execute(*args, **options)
            except SystemCheckError:  # says where by itself
                raise
            except CommandError as failure:
                if options.get("traceback"):
                    raise
                command.stderr.write(f"kfmap {subcommand}: {failure}")
                sys.exit(failure.returncode)

        command.execute = run  # type: ignore[method-assign]  # of this one instance
        return command
