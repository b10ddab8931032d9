"""`kfmap verify`: check compiled objects, without web server, database or login."""

from __future__ import annotations

import hashlib
from argparse import ArgumentParser, Namespace
from functools import cache
from pathlib import Path
from typing import TextIO

from kfmap.cli.chosen_kernels import add_kernel_arguments, choose_kernels
from kfmap.cli.commands import CommandFailedError
from kfmap.cli.kernels import load_kernels
from kfmap.server.upload_limit import UploadLimitError, read_upload_limit
from verifier.engine.judging.choice_text import parse_choices
from verifier.engine.judging.known_names import KnownNames, collect_names
from verifier.engine.object.model import ObjectError
from verifier.engine.object.read import read_object
from verifier.engine.reports import RENDERERS, CheckedObject
from verifier.engine.reports.judged import JUDGED
from verifier.engine.reports.model import ReportOptions, is_bad, is_unread
from verifier.engine.summary import summarize
from verifier.engine.verdict import (
    ChoiceError,
    KernelUnderTest,
    LoaderChoices,
    check_object,
    collection_paused,
    prepare_object,
)

HELP = "Say what each kernel does with each program. Exit: 0 all pass, 1 not all, 2 unreadable."
_FINE, _BAD, _UNREAD = 0, 1, 2


def add_arguments(parser: ArgumentParser) -> None:
    """Take objects, kernels, what the loader would set, and the format."""
    parser.add_argument("objects", nargs="+", metavar="OBJECT", help="a .bpf.o")
    add_kernel_arguments(parser)
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
    parser.add_argument(
        "--all", action="store_true", help="every finding of every program, not the causes alone"
    )
    parser.add_argument(
        "--source-root",
        default=str(Path.cwd()),
        metavar="DIR",
        help="SARIF names source files relative to this folder; default: the current one",
    )
    parser.epilog = JUDGED


def run(options: Namespace, out: TextIO) -> int:
    """Print the report; the exit code is that of the worst object."""
    try:
        limit = read_upload_limit()
        choices = parse_choices(options.set, options.cleared, options.type, options.target)
    except (UploadLimitError, ChoiceError) as error:
        raise CommandFailedError(str(error)) from error
    known_names = cache(_load_known_names)
    chosen = choose_kernels(options.kernel, options.newest)
    kernels = [
        KernelUnderTest(kernel.facts, kernel.types, kernel.options, kernel.functions, known_names)
        for kernel in chosen.kernels
    ]
    checked = [_check(Path(path), limit, kernels, choices) for path in options.objects]
    how = ReportOptions(options.all, chosen.deciding, options.source_root)
    out.write(RENDERERS[options.format].render(checked, how))
    return max(_exit_code(obj, how) for obj in checked)


def _exit_code(obj: CheckedObject, options: ReportOptions) -> int:
    if is_unread(obj, options):
        return _UNREAD
    return _BAD if is_bad(obj, options) else _FINE


def _load_known_names() -> KnownNames:
    """Read the names that any kernel has; few objects ask for one that theirs has not."""
    return collect_names(kernel.names for kernel in load_kernels())


@collection_paused()
def _check(
    path: Path, limit: int, kernels: list[KernelUnderTest], choices: LoaderChoices
) -> CheckedObject:
    try:
        if path.stat().st_size > limit:
            problem = f"larger than {limit >> 20} MB, the limit set by KFMAP_MAX_UPLOAD_MB"
            return _unread(path, problem)
        data = path.read_bytes()
    except OSError as error:
        return _unread(path, f"cannot be read: {error.strerror}")
    try:
        obj = read_object(data)
        prepared = prepare_object(obj, choices)
    except (ObjectError, ChoiceError) as error:
        return _unread(path, str(error), hashlib.sha256(data).hexdigest())
    verdicts = tuple(check_object(prepared, kernel) for kernel in kernels)
    return CheckedObject(
        str(path), obj.sha256, summarize(prepared.object, prepared.code.graph), verdicts
    )


def _unread(path: Path, problem: str, sha256: str = "") -> CheckedObject:
    return CheckedObject(str(path), sha256, None, problem=problem)
