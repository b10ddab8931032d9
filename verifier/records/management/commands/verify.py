"""`manage.py verify`: check compiled objects from the shell, without web server or login."""

from __future__ import annotations

import hashlib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from kfmap.catalogue.checks_tag import SETTINGS_CHECKS
from kfmap.catalogue.commands import all_kernel_names, kernel_or_error
from verifier.engine.judging.choice_text import parse_choices
from verifier.engine.object.model import ObjectError
from verifier.engine.object.read import read_object
from verifier.engine.reports import RENDERERS, CheckedObject
from verifier.engine.reports.model import is_bad, is_unread
from verifier.engine.summary import summarize
from verifier.engine.verdict import (
    ChoiceError,
    KernelUnderTest,
    LoaderChoices,
    check_object,
    collection_paused,
    prepare_object,
)

_FINE, _BAD, _UNREAD = 0, 1, 2


class Command(BaseCommand):
    """Check objects on kernels of the map."""

    help = "Say what each kernel does with each program. Exit: 0 all pass, 1 not all, 2 unreadable."
    requires_system_checks = (SETTINGS_CHECKS,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take objects, kernels, what the loader would set, and the format."""
        parser.add_argument("objects", nargs="+", metavar="OBJECT", help="a .bpf.o")
        parser.add_argument(
            "--kernel", action="append", default=[], help="default: all of the map; repeatable"
        )
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="a variable of .rodata as the loader would set it; repeatable",
        )
        parser.add_argument(
            "--cleared",
            action="append",
            default=[],
            metavar="MEMBER",
            help="a struct_ops member that the loader clears where the kernel lacks it, as "
            "SCX_OPS_OPEN() does; MEMBER or MAP.MEMBER; repeatable",
        )
        parser.add_argument(
            "--type",
            action="append",
            default=[],
            metavar="SECTION=TYPE",
            help="the program type that the loader sets for a section: a SEC() name or one of "
            "enum bpf_prog_type; repeatable",
        )
        parser.add_argument(
            "--target",
            action="append",
            default=[],
            metavar="PROGRAM=TARGET",
            help="what the loader has a program attach to: a function or hook, or for freplace "
            "the type of the program that it replaces; repeatable",
        )
        parser.add_argument("--format", choices=list(RENDERERS), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the report and end with the exit code."""
        names = options["kernel"] or all_kernel_names()
        kernels = [_kernel_under_test(name) for name in names]
        try:
            choices = parse_choices(
                options["set"], options["cleared"], options["type"], options["target"]
            )
        except ChoiceError as error:
            raise CommandError(str(error), returncode=_UNREAD) from error
        checked = [_check(Path(path), kernels, choices) for path in options["objects"]]
        self.stdout.write(RENDERERS[options["format"]].render(checked), ending="")
        code = max(_UNREAD if is_unread(obj) else _BAD if is_bad(obj) else _FINE for obj in checked)
        if code:
            raise SystemExit(code)


def _kernel_under_test(name: str) -> KernelUnderTest:
    kernel = kernel_or_error(name)
    return KernelUnderTest(kernel.facts, kernel.types, kernel.options)


@collection_paused()
def _check(path: Path, kernels: list[KernelUnderTest], choices: LoaderChoices) -> CheckedObject:
    try:
        if path.stat().st_size > settings.KFMAP_MAX_UPLOAD_BYTES:
            limit = settings.KFMAP_MAX_UPLOAD_BYTES >> 20
            return _unread(path, f"larger than {limit} MB, the limit set by KFMAP_MAX_UPLOAD_MB")
        data = path.read_bytes()
    except OSError as error:
        return _unread(path, f"cannot be read: {error.strerror}")
    try:
        obj = read_object(data)
        prepared = prepare_object(obj, choices)
    except (ObjectError, ChoiceError) as error:
        return _unread(path, str(error), hashlib.sha256(data).hexdigest())
    verdicts = tuple(check_object(prepared, kernel) for kernel in kernels)
    return CheckedObject(str(path), obj.sha256, summarize(prepared.object), verdicts)


def _unread(path: Path, problem: str, sha256: str = "") -> CheckedObject:
    return CheckedObject(str(path), sha256, None, problem=problem)
