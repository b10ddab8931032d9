"""Where a report goes: to the terminal, or to a file with a signature beside it."""

from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, TextIO

from kfmap.catalogue.agreement import describe_agreement
from kfmap.catalogue.bundled_kernels import LoadedBundled
from kfmap.cli.commands import CommandFailedError
from kfmap.kernel.facts_json import hash_facts
from kfmap.quick_dataclass import dataclass
from kfmap.safe_text.printable import printable
from verifier.engine.reports.model import AskedKernel as DescribedKernel

if TYPE_CHECKING:
    from kfmap.cli.kernels import AskedKernel

_SIGN_SECONDS = 60
_MINISIGN_KEY = b"untrusted comment:"


@dataclass(frozen=True, slots=True)
class _Tool:
    """A program that signs, what it is told, and what it adds to the name of the file."""

    program: str
    arguments: tuple[str, ...]
    suffix: str


# "-n kfmap" is the namespace: a signature of the same bytes for another purpose does not count.
_SSH_ARGUMENTS = ("-Y", "sign", "-q", "-n", "kfmap", "-f", "{key}", "{file}")
_SSH = _Tool("ssh-keygen", _SSH_ARGUMENTS, ".sig")
_MINISIGN = _Tool("minisign", ("-S", "-s", "{key}", "-m", "{file}"), ".minisig")


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


def sign_file(path: Path, key: str) -> None:
    """Put a detached signature beside a file: FILE.sig by an SSH key, FILE.minisig by minisign's.

    Raises CommandFailedError where the program that signs is not there or does not sign.
    """
    tool = _MINISIGN if _is_minisign_key(Path(key)) else _SSH
    program = which(tool.program)
    if program is None:
        raise CommandFailedError(f"{tool.program}, which signs with this key, is not installed.")
    signature = path.with_name(f"{path.name}{tool.suffix}")
    signature.unlink(missing_ok=True)  # ssh-keygen asks before it writes over one
    command = [program, *(part.format(key=key, file=path) for part in tool.arguments)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_SIGN_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        told = f"{tool.program} did not sign within {_SIGN_SECONDS} s."
        raise CommandFailedError(told) from error
    if done.returncode or not signature.exists():
        said = [*done.stderr.split("\n"), *done.stdout.split("\n")]
        why = next((line.strip() for line in reversed(said) if line.strip()), "no reason given")
        raise CommandFailedError(f"{path} is written, but not signed: {printable(why)}")


def _is_minisign_key(key: Path) -> bool:
    """Tell minisign's secret keys, which begin with a comment, from those of OpenSSH."""
    try:
        with key.open("rb") as file:
            return file.read(len(_MINISIGN_KEY)) == _MINISIGN_KEY
    except OSError as error:
        raise CommandFailedError(f"The key {key} cannot be read: {error.strerror}.") from error


def describe_kernels(kernels: Iterable[AskedKernel]) -> tuple[DescribedKernel, ...]:
    """Return what the provenance of a report says of kernels."""
    return tuple(
        DescribedKernel(
            kernel.name,
            kernel.facts.version,
            hash_facts(kernel.facts),
            describe_agreement(kernel.name) if isinstance(kernel, LoadedBundled) else "",
        )
        for kernel in kernels
    )
