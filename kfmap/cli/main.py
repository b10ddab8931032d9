"""`kfmap COMMAND …`: a command of this room, or one of Django's."""

from __future__ import annotations

import gc
import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence

from kfmap import __version__
from kfmap.catalogue.damage import DamagedBundleError
from kfmap.cli.commands import Command, CommandFailedError, find_command, names
from kfmap.collection import collect_from_now_on

FAILED = 2  # exit code: an input, or the question itself, could not be read
_INTERRUPTED = 130  # as shells have it: 128 + SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in ("-h", "--help"):
        sys.stdout.write(_usage())
        return 0 if given else FAILED
    if given[0] == "--version":
        sys.stdout.write(f"kfmap {__version__}\n")
        return 0
    gc.disable()  # importing makes much that stays: looking through it for cycles is lost time
    try:
        command = find_command(given[0])
        if command is None:
            _set_up_django()
    finally:
        collect_from_now_on()
    if command is None:
        return _run_django(given)
    return _run(command, given[0], given[1:])


def _run(command: Command, name: str, arguments: list[str]) -> int:
    parser = ArgumentParser(f"kfmap {name}", description=command.HELP)
    command.add_arguments(parser)
    options = parser.parse_intermixed_args(arguments)  # options may stand anywhere
    try:
        code = command.run(options, sys.stdout)
        sys.stdout.flush()
    except (CommandFailedError, DamagedBundleError) as failure:
        sys.stderr.write(f"kfmap {name}: {failure}\n")
        return FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code


def _set_up_django() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kfmap.settings")
    django.setup()


def _run_django(arguments: list[str]) -> int:
    from kfmap.cli.django_commands import Commands

    Commands(["kfmap", *arguments]).execute()
    return 0


def _usage() -> str:
    width = max(map(len, names()))
    commands = ((name, find_command(name)) for name in names())
    lines = [f"  {name:{width}}  {command.HELP}" for name, command in commands if command]
    return "\n".join(
        [
            "kfmap COMMAND …: which BPF program may call which kernel function, and why.",
            "",
            *lines,
            "",
            f"  {'up':{width}}  Start the dashboard: database, web server and worker.",
            f"  {'help':{width}}  List all other commands.",
            "",
            "`kfmap COMMAND --help` explains one.",
            "",
        ]
    )
