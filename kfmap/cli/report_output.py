"""Where a report goes: to the terminal, or to a file with a signature beside it."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from kfmap.catalogue.agreement import describe_agreement
from kfmap.catalogue.bundled_kernels import LoadedBundled
from kfmap.cli.commands import CommandFailedError
from kfmap.kernel.facts_json import hash_facts
from verifier.engine.reports.model import AskedKernel as DescribedKernel

if TYPE_CHECKING:
    from kfmap.cli.kernels import AskedKernel


def add_output_arguments(parser: ArgumentParser) -> None:
    """Take `-o` and `--sign`."""
    parser.add_argument(
        "-o", "--output", default="", metavar="FILE", help="write the report to this file"
    )
    parser.add_argument(
        "--sign",
        default="",
        metavar="KEY",
        help="sign the file with this key, of SSH or minisign: FILE.sig or FILE.minisig",
    )


def write_report(report: bytes, options: Namespace, out: TextIO) -> None:
    """Write the report to the file that was asked for, else to `out`, and sign it.

    Raises CommandFailedError where it cannot be written or signed.
    """
    if options.sign and not options.output:
        raise CommandFailedError("--sign needs a file to sign: name it with -o.")
    if options.output:
        _write_file(Path(options.output), report)
        if options.sign:
            from kfmap.cli.signing import sign_file  # few sign, and it takes long to import

            sign_file(Path(options.output), options.sign)
        return
    try:
        text = report.decode()
    except UnicodeDecodeError:
        _write_raw(report, out)
    else:
        out.write(text)


def _write_file(path: Path, report: bytes) -> None:
    try:
        path.write_bytes(report)
    except OSError as error:
        raise CommandFailedError(f"{path} cannot be written: {error.strerror}.") from error


def _write_raw(report: bytes, out: TextIO) -> None:
    if out.isatty():
        raise CommandFailedError("This format is not for a terminal: name a file with -o.")
    out.flush()
    getattr(out, "buffer", sys.stdout.buffer).write(report)


def describe_kernels(kernels: Iterable[AskedKernel]) -> tuple[DescribedKernel, ...]:
    """Return what the provenance of a report says of kernels."""
    return tuple(
        DescribedKernel(
            kernel.name,
            kernel.facts.version,
            hash_facts(kernel.facts),
            describe_agreement(kernel.name) if isinstance(kernel, LoadedBundled) else "",
            kernel.facts.origin.estimate,
        )
        for kernel in kernels
    )
