"""`kfmap report SUBJECT …`: reports on kernels, and on what changed between two of something."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TextIO

from kfmap.cli.chosen_kernels import add_kernel_arguments, choose_kernels
from kfmap.cli.commands import CommandFailedError
from kfmap.cli.kernels import AskedKernel, load_kernels
from kfmap.cli.report_output import add_output_arguments, describe_kernels, write_report
from kfmap.cli.verify import check_inputs
from kfmap.reports.document import Report
from kfmap.reports.formats import FORMATS
from kfmap.reports.kernel_data import KernelData
from verifier.engine.reports.model import ReportOptions

HELP = "Make the report on a kernel, on two kernels, or on two versions of an object."
_SUBJECTS = {"kernel": ("KERNEL",), "kernels": ("OLD", "NEW"), "versions": ("OLD.o", "NEW.o")}


def add_arguments(parser: ArgumentParser) -> None:
    """Take the subject, its names, and where the report goes."""
    parser.add_argument(
        "subject", choices=list(_SUBJECTS), metavar="SUBJECT", help="kernel, kernels or versions"
    )
    parser.add_argument(
        "names",
        nargs="+",
        metavar="NAME",
        help="a kernel, two kernels, or two object files, the older one first",
    )
    add_kernel_arguments(parser)
    parser.add_argument("--format", choices=list(FORMATS), default="markdown")
    add_output_arguments(parser)


def run(options: Namespace, out: TextIO) -> int:
    """Print the report. Raises CommandFailedError for names that nothing has."""
    wanted = _SUBJECTS[options.subject]
    if len(options.names) != len(wanted):
        raise CommandFailedError(
            f"`report {options.subject}` takes {' '.join(wanted)}; {len(options.names)} given."
        )
    report = _versions(options) if options.subject == "versions" else _kernels(options.names)
    write_report(FORMATS[options.format].render(report), options, out)
    return 0


def _kernels(names: list[str]) -> Report:
    from kfmap.reports.comparison_report import build_comparison_report
    from kfmap.reports.kernel_report import build_kernel_report

    kernels = [read_kernel_data(kernel) for kernel in load_kernels(names)]
    return build_kernel_report(*kernels) if len(kernels) == 1 else build_comparison_report(*kernels)


def read_kernel_data(kernel: AskedKernel) -> KernelData:
    """Return a kernel as reports take it; its matrix is worked out."""
    from kfmap.permission.contexts import build_contexts
    from kfmap.permission.matrix import fill_matrix

    (described,) = describe_kernels([kernel])
    matrix = fill_matrix(kernel.decider, build_contexts(kernel.facts))
    return KernelData(
        kernel.name,
        kernel.facts,
        described.facts_sha256,
        matrix,
        kernel.decider,
        described.agreement,
    )


def _versions(options: Namespace) -> Report:
    from verifier.engine.reports.version_report import build_version_report

    chosen = choose_kernels(options.kernel, options.newest)
    checked = check_inputs(options.names, chosen.kernels)
    for obj in checked:
        if obj.problem:
            raise CommandFailedError(f"{obj.file} could not be read: {obj.problem}")
    if len(checked) != len(options.names):
        raise CommandFailedError("Each version must be one object; a file here holds several.")
    kernels = describe_kernels(chosen.kernels)
    old, new = checked
    return build_version_report(old, new, ReportOptions(kernels=kernels))
