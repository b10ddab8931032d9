"""The table of commands that need no Django, and what a module must have to be one."""

from __future__ import annotations

import importlib
from argparse import ArgumentParser, Namespace
from typing import Protocol, TextIO, cast


class CommandFailedError(Exception):
    """The command cannot do what was asked: one sentence that says why and what to do."""


class Command(Protocol):
    """A module of this room; its name on the shell is the module's, with hyphens."""

    HELP: str

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add what the command takes to its parser."""

    def run(self, options: Namespace, out: TextIO) -> int:
        """Do it, and return the exit code. Raises CommandFailedError, which ends with code 2."""


_MODULES = {
    "ask-kernel": "ask_kernel",
    "can-call": "can_call",
    "decode": "decode",
    "fetch-images": "fetch_images",
    "export-data": "export_data",
    "probe": "probe",
    "report": "report",
    "submit": "submit",
    "verify": "verify",
}


def names() -> list[str]:
    """Return the names of all commands, in order."""
    return sorted(_MODULES)


def find_command(name: str) -> Command | None:
    """Return a command by its name, with hyphens or underscores; None if there is none."""
    module = _MODULES.get(name.replace("_", "-"))
    if module is None:
        return None
    return cast(Command, importlib.import_module(f"kfmap.cli.{module}"))
