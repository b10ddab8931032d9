"""`kfmap verify`: check compiled objects, without web server, database or login."""

from __future__ import annotations

import hashlib
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TextIO

from kfmap.catalogue.bundled_kernels import LoadedBundled
from kfmap.cli.chosen_kernels import add_kernel_arguments, choose_kernels
from kfmap.cli.commands import CommandFailedError
from kfmap.cli.gate_options import add_gate_options, read_gate, write_findings
from kfmap.cli.inputs import read_inputs
from kfmap.cli.kernels import AskedKernel, load_known_names
from kfmap.cli.loader_options import ChoiceUse, add_loader_options, read_choices
from kfmap.cli.report_output import add_output_arguments, describe_kernels, write_report
from kfmap.server.upload_limit import UploadLimitError, read_upload_limit
from verifier.engine.containers.found import Found, NotFound
from verifier.engine.judging.choices import NO_CHOICES, LoaderChoices
from verifier.engine.object.model import ObjectError
from verifier.engine.object.read import read_object
from verifier.engine.reports import RENDERERS, CheckedObject
from verifier.engine.reports.judged import JUDGED
from verifier.engine.reports.model import ReportOptions
from verifier.engine.summary import summarize
from verifier.engine.verdict import (
    ChoiceError,
    KernelUnderTest,
    check_object,
    collection_paused,
    prepare_object,
)

HELP = "Say what each kernel does with each program. Exit: 0 all pass, 1 not all, 2 unreadable."


def add_arguments(parser: ArgumentParser) -> None:
    """Take objects, kernels, what the loader would set, and the format."""
    parser.add_argument(
        "objects",
        nargs="+",
        metavar="FILE",
        help="a .bpf.o, a program or library that carries objects, a skeleton (.skel.h), an "
        "archive or package of these, or a folder",
    )
    add_kernel_arguments(parser)
    add_loader_options(parser)
    add_gate_options(parser)
    parser.add_argument("--format", choices=list(RENDERERS), default="text")
    add_output_arguments(parser)
    parser.add_argument(
        "--all", action="store_true", help="every finding of every program, not only the causes"
    )
    parser.add_argument(
        "--source-root",
        default=str(Path.cwd()),
        metavar="DIR",
        help="SARIF names source files relative to this folder; default: the current one",
    )
    parser.epilog = JUDGED


def run(options: Namespace, out: TextIO) -> int:
    """Print the report; the exit code is that of the worst object.

    Raises CommandFailedError for kernels and choices that there are not.
    """
    chosen = choose_kernels(options.kernel, options.newest)
    verdicts = read_gate(options, chosen.kernels)
    checked = check_inputs(options.objects, chosen.kernels, read_choices(options))
    renderer = RENDERERS[options.format]
    asked = describe_kernels(
        kernel for kernel in chosen.kernels if renderer.names_kernels or _is_estimate(kernel)
    )
    how = ReportOptions(options.all, chosen.deciding, options.source_root, asked)
    write_report(renderer.render_bytes(checked, how), options, out)
    judged = [verdicts.judge(obj, how) for obj in checked]
    for obj, found in zip(checked, judged, strict=True):
        # Reports for machines stay what they are: there the findings go where people look.
        write_findings(obj, found.findings if found else (), _beside(options.format, out))
    return max(
        verdicts.gate.decide(obj, how, found) for obj, found in zip(checked, judged, strict=True)
    )


def _is_estimate(kernel: AskedKernel) -> bool:
    """Return whether a kernel has another one's rules; to ask that of a bundled one takes time."""
    return not isinstance(kernel, LoadedBundled) and bool(kernel.outline.origin.estimate)


def check_inputs(
    paths: Sequence[str], kernels: Sequence[AskedKernel], choices: LoaderChoices = NO_CHOICES
) -> list[CheckedObject]:
    """Return what the kernels do with each object in the inputs.

    Raises CommandFailedError for a limit that is no number, and for choices that fit no object.
    """
    try:
        limit = read_upload_limit()
    except UploadLimitError as error:
        raise CommandFailedError(str(error)) from error
    use = ChoiceUse(choices)
    known_names = cache(load_known_names)
    asked = [
        KernelUnderTest(kernel.facts, kernel.types, kernel.options, kernel.functions, known_names)
        for kernel in kernels
    ]
    checked = [_check(item, asked, use) for item in read_inputs(paths, limit)]
    use.check()
    return checked


def _beside(chosen: str, out: TextIO) -> TextIO:
    return out if chosen == "text" else sys.stderr


@collection_paused()
def _check(item: Found | NotFound, kernels: list[KernelUnderTest], use: ChoiceUse) -> CheckedObject:
    if isinstance(item, NotFound):
        return CheckedObject(item.name, "", None, problem=item.problem)
    sha256 = hashlib.sha256(item.data).hexdigest()
    try:
        obj = read_object(item.data)
        prepared = prepare_object(obj, use.fit(obj))
    except (ObjectError, ChoiceError) as error:
        return CheckedObject(item.name, sha256, None, problem=str(error))
    verdicts = tuple(check_object(prepared, kernel) for kernel in kernels)
    summary = summarize(prepared.object, prepared.code.graph)
    return CheckedObject(item.name, sha256, summary, verdicts)
