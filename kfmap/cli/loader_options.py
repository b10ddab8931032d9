"""Options of `verify` that say what the loader of an object does."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path

from kfmap.cli.commands import CommandFailedError
from kfmap.permission.section_names import UNKNOWN_TYPE
from kfmap.quick_dataclass import replace
from verifier.engine.judging.choice_text import parse_choices
from verifier.engine.judging.choices import ON_PROGRAM
from verifier.engine.object.model import ObjectError
from verifier.engine.object.read import read_object
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
        "traces BPF programs, OBJECT:PROGRAM or prog:TYPE",
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
    targets = {name: _resolve(target) for name, target in choices.targets.items()}
    return replace(choices, targets=targets)


def _resolve(target: str) -> str:
    """Return `prog:TYPE` for OBJECT:PROGRAM where there is such a file, anything else as it is."""
    path, colon, name = target.rpartition(":")
    if not colon or not Path(path).is_file():
        return target
    try:
        programs = read_object(Path(path).read_bytes()).programs
    except (OSError, ObjectError) as error:
        raise CommandFailedError(f"{path} cannot be read: {error}") from error
    found = [program for program in programs if program.name == name]
    if not found:
        known = ", ".join(program.name for program in programs[:10]) or "none"
        raise CommandFailedError(f"{path} has no program {name!r}; it has {known}")
    if found[0].kind.program_type == UNKNOWN_TYPE:
        raise CommandFailedError(f"the type of {name} in {path} is not known: give prog:TYPE")
    return f"{ON_PROGRAM}{found[0].section}"


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
