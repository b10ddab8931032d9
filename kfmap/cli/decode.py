"""`kfmap decode`: what a log says, why, and what to do instead."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from kfmap.catalogue.decoding import Decoding, decode_log
from kfmap.catalogue.kernel_names import find_by_any_name
from kfmap.cli.commands import CommandFailedError
from kfmap.cli.kernels import KernelByName, load_by_name, no_such_kernel
from kfmap.decoder.kinds import Kind
from kfmap.decoder.reading import MAX_LOG
from kfmap.decoder.report import render_json, render_text
from kfmap.permission.decide import Decider
from kfmap.permission.missing import has_function
from kfmap.permission.outcome import OutcomeJudge
from kfmap.text_bytes import decode_bytes

HELP = "Say what a log of libbpf, the verifier or sched_ext means. Exit: 0 it is known, 1 not."
_RECOGNISED, _NOTHING = 0, 1
_STDIN = "-"
_MEGABYTE = 1024 * 1024


def add_arguments(parser: ArgumentParser) -> None:
    """Take the log, a kernel and the format."""
    parser.add_argument(
        "file", nargs="?", default=_STDIN, metavar="FILE", help="the log; default: standard input"
    )
    parser.epilog = f"Kinds of messages: {', '.join(kind.value for kind in Kind)}."
    parser.add_argument("--kernel", help="answer for this kernel, whichever the log names")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(options: Namespace, out: TextIO) -> int:
    """Decode the log.

    Raises CommandFailedError where the log cannot be read, and for a kernel there is not.
    """
    text = decode_bytes(_read(options.file))
    kernels = load_by_name()
    asked = find_by_any_name(kernels, options.kernel) if options.kernel else None
    if options.kernel and asked is None:
        raise no_such_kernel(options.kernel, kernels)
    judges = _Judges(kernels)
    decoding = decode_log(text, kernels, judges.find, asked)
    if options.format == "json":
        out.write(json.dumps(render_json(decoding.decoded)) + "\n")
    else:
        out.write(_render(decoding))
    return _RECOGNISED if decoding.reading.recognised else _NOTHING


class _Judges:
    """Gives one judge per kernel, each knowing the other released kernels."""

    def __init__(self, kernels: list[KernelByName]) -> None:
        self._kernels = kernels
        self._known: dict[str, OutcomeJudge] = {}

    def find(self, asked: KernelByName) -> OutcomeJudge:
        """Return the judge of a kernel, made once."""
        if asked.name not in self._known:
            self._known[asked.name] = OutcomeJudge(
                asked.kernel.decider,
                lambda: self._others(asked),
                lambda name: has_function(asked.kernel.functions, name),
            )
        return self._known[asked.name]

    def _others(self, asked: KernelByName) -> Iterator[Decider]:
        for other in reversed(self._kernels):
            if other.released and other.name != asked.name:
                yield other.kernel.decider


def _read(name: str) -> bytes:
    """Return the bytes of the log. Raises CommandFailedError for what cannot be read whole."""
    try:
        data = _read_stdin() if name == _STDIN else _read_file(Path(name))
    except OSError as error:
        raise CommandFailedError(f"{name} cannot be read: {error.strerror or error}.") from error
    if len(data) > MAX_LOG:
        raise CommandFailedError(
            f"{name if name != _STDIN else 'The log'} has more than {MAX_LOG // _MEGABYTE} MB:"
            " keep what stands around the first error, and try again."
        )
    return data


def _read_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_LOG + 1)


def _read_stdin() -> bytes:
    stream = getattr(sys.stdin, "buffer", None)
    return stream.read(MAX_LOG + 1) if stream else sys.stdin.read(MAX_LOG + 1).encode()


def _render(decoding: Decoding) -> str:
    if not decoding.decoded:
        return (
            "Nothing here is a message that kfmap knows. It reads the verifier's log, libbpf's"
            " output, and sched_ext's exit messages: give the whole log, with its last lines.\n"
        )
    return render_text(decoding.decoded) + "\n"
