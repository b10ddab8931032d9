"""`manage.py verify`: check compiled objects from the shell, without web server or login."""

from __future__ import annotations

import hashlib
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from kfmap.catalogue.checks_tag import SETTINGS_CHECKS
from kfmap.catalogue.commands import all_kernel_names, kernel_or_error
from verifier.engine.object.model import ObjectError
from verifier.engine.object.read import read_object
from verifier.engine.reports import RENDERERS, CheckedObject
from verifier.engine.reports.model import is_bad, is_unread
from verifier.engine.summary import summarize
from verifier.engine.verdict import (
    KernelUnderTest,
    UnknownVariableError,
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
            type=_parse_setting,
            metavar="NAME=VALUE",
            help="a variable of .rodata as the loader would set it; repeatable",
        )
        parser.add_argument("--format", choices=list(RENDERERS), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the report and end with the exit code."""
        names = options["kernel"] or all_kernel_names()
        kernels = [_kernel_under_test(name) for name in names]
        values = dict(options["set"])
        checked = [_check(Path(path), kernels, values) for path in options["objects"]]
        self.stdout.write(RENDERERS[options["format"]].render(checked), ending="")
        code = max(_UNREAD if is_unread(obj) else _BAD if is_bad(obj) else _FINE for obj in checked)
        if code:
            raise SystemExit(code)


def _kernel_under_test(name: str) -> KernelUnderTest:
    kernel = kernel_or_error(name)
    return KernelUnderTest(kernel.facts, kernel.types, kernel.options)


@collection_paused()
def _check(path: Path, kernels: list[KernelUnderTest], values: dict[str, int]) -> CheckedObject:
    try:
        if path.stat().st_size > settings.KFMAP_MAX_UPLOAD_BYTES:
            limit = settings.KFMAP_MAX_UPLOAD_BYTES >> 20
            return _unread(path, f"larger than {limit} MB, the limit set by KFMAP_MAX_UPLOAD_MB")
        data = path.read_bytes()
    except OSError as error:
        return _unread(path, f"cannot be read: {error.strerror}")
    try:
        obj = read_object(data)
        prepared = prepare_object(obj, values)
    except (ObjectError, UnknownVariableError) as error:
        return _unread(path, str(error), hashlib.sha256(data).hexdigest())
    verdicts = tuple(check_object(prepared, kernel) for kernel in kernels)
    return CheckedObject(str(path), obj.sha256, summarize(obj), verdicts)


def _unread(path: Path, problem: str, sha256: str = "") -> CheckedObject:
    return CheckedObject(str(path), sha256, None, problem=problem)


def _parse_setting(text: str) -> tuple[str, int]:
    name, _, value = text.partition("=")
    words = {"true": 1, "false": 0}
    try:
        return name, words[value] if value in words else int(value, 0)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not NAME=NUMBER") from error
