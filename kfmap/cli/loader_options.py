"""Options of `verify` that say what the loader of an object does."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path

from kfmap.cli.commands import CommandFailedError
from kfmap.quick_dataclass import replace
from verifier.engine.judging.attached import TargetError, find_targets
from verifier.engine.judging.choice_text import parse_choices
from verifier.engine.verdict import ChoiceError, LoaderChoices

_OPTIONS = (
    ("set", "NAME=VALUE", "a variable of .rodata as the loader would set it"),
    (
        "cleared",
        "MEMBER",
        "a struct_ops member that the loader clears where the kernel lacks it, as SCX_OPS_OPEN() "
        "does; MEMBER or MAP.MEMBER",
    ),
    (
        "type",
        "SECTION=TYPE",
        "the program type that the loader sets for a section: a SEC() name or one of enum "
        "bpf_prog_type",
    ),
    (
        "target",
        "PROGRAM=TARGET",
        "what the loader has a program attach to: a function or hook; for freplace, and for what "
        "traces BPF programs, OBJECT:PROGRAM, OBJECT:PROGRAM:FUNCTION or prog:TYPE",
    ),
)


def add_loader_options(parser: ArgumentParser) -> None:
    """Add the options; each may be given several times."""
    for name, form, text in _OPTIONS:
        parser.add_argument(
            f"--{name}", action="append", default=[], metavar=form, help=f"{text}; repeatable"
        )


def read_choices(options: Namespace) -> LoaderChoices:
    """Return what the options say. Raises CommandFailedError."""
    try:
        choices = parse_choices(options.set, options.cleared, options.type, options.target)
    except ChoiceError as error:
        raise CommandFailedError(str(error)) from error
    try:
        return replace(choices, attached=find_targets(choices.targets, _read_file))
    except TargetError as error:
        raise CommandFailedError(str(error)) from error


def _read_file(path: str) -> bytes | None:
    """Return the bytes of a file, None where there is none."""
    try:
        return Path(path).read_bytes() if Path(path).is_file() else None
    except OSError as error:
        raise CommandFailedError(f"{path} cannot be read: {error}") from error


class ChoiceUse:
    """Which of the choices found a place in some object; one that found none is a mistake."""

    def __init__(self) -> None:
        self._unused: Mapping[str, str] | None = None

    def note(self, misfits: Mapping[str, str]) -> None:
        """Take note of what had no place in an object: choice → why."""
        known = misfits if self._unused is None else self._unused
        self._unused = {name: why for name, why in known.items() if name in misfits}

    def check(self) -> None:
        """Raise CommandFailedError for choices that found no place in any object."""
        if self._unused:
            raise CommandFailedError("; ".join(self._unused.values()))
