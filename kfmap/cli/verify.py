"""`kfmap verify`: check compiled objects, without web server, database or login."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TextIO

from kfmap.catalogue.bundled_kernels import LoadedBundled
from kfmap.cli.checking import check_inputs, choose_processes
from kfmap.cli.chosen_kernels import add_kernel_arguments, choose_kernels
from kfmap.cli.gate_options import add_gate_options, read_gate, write_findings
from kfmap.cli.kernels import AskedKernel
from kfmap.cli.loader_options import add_loader_options, read_choices
from kfmap.cli.report_output import add_output_arguments, describe_kernels, write_report
from kfmap.collection import collection_paused
from verifier.engine.reports import RENDERERS
from verifier.engine.reports.judged import JUDGED
from verifier.engine.reports.model import ReportOptions

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
    parser.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="check in up to N processes where there is enough to do; 1: in this one; default: one "
        "for each core that may be used, 8 at most",
    )
    parser.epilog = JUDGED


@collection_paused()  # the report is made of what was found, and is the last that is made
def run(options: Namespace, out: TextIO) -> int:
    """Print the report; the exit code is that of the worst object.

    Raises CommandFailedError for kernels and choices that there are not.
    """
    chosen = choose_kernels(options.kernel, options.newest)
    verdicts = read_gate(options, chosen.kernels)
    checked = check_inputs(
        options.objects, chosen.kernels, read_choices(options), choose_processes(options.jobs)
    )
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


def _beside(chosen: str, out: TextIO) -> TextIO:
    return out if chosen == "text" else sys.stderr
