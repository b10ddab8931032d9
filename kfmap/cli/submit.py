"""`kfmap submit URL FILE…`: have objects checked by a server, and wait for what it says."""

from __future__ import annotations

import os
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from kfmap.cli.commands import CommandFailedError
from kfmap.cli.loader_options import add_loader_options
from kfmap.cli.report_output import add_output_arguments, write_report
from kfmap.cli.server_client import TOKEN, ServerClient, Taken
from kfmap.cli.submit_gate import add_gate_options, read_server_gate
from kfmap.safe_text.printable import printable
from verifier.engine.origin import FIELDS
from verifier.engine.reports import RENDERERS

HELP = (
    "Have a kfmap server check objects. Exit: 0 all pass, 1 not all, 2 not accepted, 3 not in time."
)
_FINE, _NOT_TAKEN, _LATE = 0, 2, 3
_FIRST_WAIT, _LONGEST_WAIT = 0.3, 5.0  # seconds between two looks


def add_arguments(parser: ArgumentParser) -> None:
    """Take the server, the files, and what to wait for."""
    parser.add_argument("url", metavar="URL", help="the server, such as https://kfmap.example.org")
    parser.add_argument(
        "objects", nargs="+", metavar="FILE", help="the files that `verify` takes, but no folders"
    )
    parser.add_argument("--space", default="", metavar="S", help="the space they go to")
    parser.add_argument("--wait", action="store_true", help="wait for the verdicts and print them")
    parser.add_argument(
        "--timeout",
        type=int,
        default=600,
        metavar="SECONDS",
        help="how many seconds to wait; default: 600",
    )
    parser.add_argument(
        "--kernel",
        action="append",
        default=[],
        help="a kernel that decides the exit code; repeatable. Default: the newest released one",
    )
    add_gate_options(parser)
    parser.add_argument("--commit", default="", help="the commit that the files were built from")
    parser.add_argument("--branch", default="", help="its branch")
    parser.add_argument(
        "--link", default="", metavar="URL", help="a web address with more about it"
    )
    add_loader_options(parser)
    parser.add_argument("--format", choices=list(RENDERERS), default="text")
    add_output_arguments(parser)
    parser.epilog = f"The token stands in {TOKEN}; make one at URL/accounts/tokens/."


def run(options: Namespace, out: TextIO) -> int:
    """Send the files, and wait where that was asked for.

    Raises CommandFailedError where the server cannot be asked or refuses the request.
    """
    token = os.environ.get(TOKEN, "")
    if not token:
        raise CommandFailedError(f"Set {TOKEN}: make a token at {options.url}/accounts/tokens/.")
    files = [_read(Path(name)) for name in options.objects]
    with ServerClient(options.url, token) as server:
        gate = read_server_gate(options, server.find_kernels(options.kernel))
        fields = _fields(options)
        upload = server.submit(files, fields)
        for taken in upload.files:
            if taken.problem:
                out.write(f"{printable(taken.file)}: {printable(taken.problem)}\n")
        if not options.wait:
            return _list(upload.files, server.url, out)
        if not _wait(server, upload.address, options.timeout):
            out.write(
                f"Not all were checked within {options.timeout} s: {server.url}{upload.address}\n"
            )
            return _LATE
        write_report(server.read_report(upload.address, options.format), options, out)
        return gate.decide(server, upload.files, server.find_space(upload.address))


def _fields(options: Namespace) -> list[tuple[str, str]]:
    said = [
        (name, text)
        for name in ("set", "cleared", "type", "target")
        for text in getattr(options, name)
    ]
    named = [(name, getattr(options, name)) for name in ("space", *FIELDS)]
    return [*said, *((name, text) for name, text in named if text)]


def _read(path: Path) -> tuple[str, bytes]:
    try:
        return path.name, path.read_bytes()
    except OSError as error:
        raise CommandFailedError(f"{path} cannot be read: {error.strerror}.") from error


def _list(files: Sequence[Taken], url: str, out: TextIO) -> int:
    for taken in files:
        if not taken.problem:
            out.write(f"{printable(taken.file)}: {url}/objects/{taken.address}/\n")
    return _NOT_TAKEN if any(taken.problem for taken in files) else _FINE


def _wait(server: ServerClient, address: str, seconds: int) -> bool:
    """Look again and again, at growing distances; return whether all was checked in time."""
    ends_at, wait = time.monotonic() + seconds, _FIRST_WAIT
    while not server.is_over(address):
        left = ends_at - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(wait, left))
        wait = min(wait * 1.5, _LONGEST_WAIT)
    return True
