"""`kfmap report SUBJECT …`: reports on kernels, versions of objects, and what a server keeps."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from typing import TextIO
from urllib.parse import quote

from kfmap.cli.checking import check_inputs
from kfmap.cli.chosen_kernels import add_kernel_arguments, choose_kernels
from kfmap.cli.commands import CommandFailedError
from kfmap.cli.kernels import AskedKernel, load_kernels
from kfmap.cli.report_output import add_output_arguments, describe_kernels, write_report
from kfmap.cli.server_client import TOKEN, ServerClient
from kfmap.reports.document import Report
from kfmap.reports.formats import FORMATS, NoSuchFormatError, render_report
from kfmap.reports.kernel_data import KernelData
from verifier.engine.reports import RENDERERS
from verifier.engine.reports.model import ReportOptions

HELP = "Make the report on kernels, on versions of an object, or on what a server keeps."


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a report is on: its names, and where a server has it. `open`: without a token."""

    names: tuple[str, ...]
    address: str
    open: bool = False
    local: bool = False


_SUBJECTS = {
    "kernel": _Subject(("KERNEL",), "/api/kernels/{}/report/", open=True, local=True),
    "kernels": _Subject(("OLD", "NEW"), "/api/compare/{}/{}/report/", open=True, local=True),
    "versions": _Subject(("OLD.o", "NEW.o"), "/api/objects/{1}/since/{0}/report/", local=True),
    "object": _Subject(("SHA256",), "/api/objects/{}/report/"),
    "submission": _Subject(("NUMBER",), "/api/submissions/{}/report/"),
    "space": _Subject(("SPACE",), "/api/spaces/{}/report/"),
}


def add_arguments(parser: ArgumentParser) -> None:
    """Take the subject, its names, and where the report goes."""
    parser.add_argument(
        "subject", choices=list(_SUBJECTS), metavar="SUBJECT", help=f"{', '.join(_SUBJECTS)}"
    )
    parser.add_argument(
        "names",
        nargs="+",
        metavar="NAME",
        help="a kernel; two kernels or two object files, the older one first; with --server the "
        "SHA-256 of an object or of two versions, the number of a submission, or a space",
    )
    add_kernel_arguments(parser)
    parser.add_argument("--server", default="", metavar="URL", help="ask this kfmap server")
    formats = list(dict.fromkeys([*FORMATS, *RENDERERS]))
    parser.add_argument("--format", choices=formats, default="markdown")
    add_output_arguments(parser)
    parser.epilog = f"The token for --server stands in {TOKEN}."


def run(options: Namespace, out: TextIO) -> int:
    """Print the report.

    Raises CommandFailedError for names that nothing has, and formats that the report has not.
    """
    subject = _SUBJECTS[options.subject]
    if len(options.names) != len(subject.names):
        raise CommandFailedError(
            f"`report {options.subject}` takes {' '.join(subject.names)}; "
            f"{len(options.names)} given."
        )
    if options.server:
        write_report(_fetch(options, subject), options, out)
        return 0
    if not subject.local:
        raise CommandFailedError(
            f"`report {options.subject}` needs --server: name one that has it."
        )
    report = _versions(options) if options.subject == "versions" else _kernels(options.names)
    try:
        made = render_report(report, options.format)
    except NoSuchFormatError as error:
        raise CommandFailedError(str(error)) from error
    write_report(made, options, out)
    return 0


def _fetch(options: Namespace, subject: _Subject) -> bytes:
    """Return the report that a server makes. Raises CommandFailedError where it does not."""
    token = os.environ.get(TOKEN, "")
    if not token and not subject.open:
        raise CommandFailedError(f"Set {TOKEN}: make a token at {options.server}/accounts/tokens/.")
    address = subject.address.format(*(quote(name, safe="") for name in options.names))
    with ServerClient(options.server, token) as server:
        return server.read(f"{address}?format={options.format}")


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
