"""`kfmap can-call`: one question as arguments, or many as JSON lines."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from typing import TextIO

from kfmap.catalogue.questions import QueryError, find_context, parse_query, plain_answer
from kfmap.cli.commands import CommandFailedError
from kfmap.cli.kernels import AskedKernel, load_kernel
from kfmap.permission.context_words import render_context
from kfmap.permission.verdict import Reason, Verdict

HELP = "Say whether a context may call a kfunc on a kernel, with the lines that decide."


def add_arguments(parser: ArgumentParser) -> None:
    """Take a question, or --kernel and --stdin."""
    parser.add_argument("question", nargs="*", metavar="KERNEL CONTEXT KFUNC")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--kernel", help="with --stdin: the kernel that all queries are about")
    parser.add_argument("--stdin", action="store_true", help="one JSON query per line")


def run(options: Namespace, out: TextIO) -> int:
    """Answer the question, or every line of standard input."""
    if options.stdin:
        if not options.kernel or options.question:
            raise CommandFailedError("Use: can_call --kernel KERNEL --stdin")
        return _answer_lines(load_kernel(options.kernel), out)
    if len(options.question) != 3 or options.kernel:
        raise CommandFailedError("Use: can_call KERNEL CONTEXT KFUNC")
    return _answer(*options.question, as_json=options.format == "json", out=out)


def _answer(kernel_name: str, context_text: str, kfunc: str, *, as_json: bool, out: TextIO) -> int:
    kernel = load_kernel(kernel_name)
    try:
        context = find_context(context_text, kernel)
    except QueryError as error:
        raise CommandFailedError(f"{context_text}: {error}.") from error
    verdict = kernel.decider.decide(context, kfunc)
    if as_json:
        out.write(json.dumps(plain_answer(verdict)) + "\n")
    else:
        head = f"{kernel.name}: {render_context(context)} → {kfunc}: "
        out.write(head + _render_text(verdict) + "\n")
    return 0


def _answer_lines(kernel: AskedKernel, out: TextIO) -> int:
    """Answer line by line as they come; a line that is no query gets {"error": …}."""
    wrong = 0
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        try:
            context, kfunc = parse_query(line, kernel)
        except QueryError as error:
            wrong += 1
            answer: dict[str, object] = {"error": f"line {number}: {error}"}
        else:
            answer = plain_answer(kernel.decider.decide(context, kfunc))
        out.write(json.dumps(answer) + "\n")
        out.flush()
    if wrong:
        raise CommandFailedError(f"{wrong} of the lines are no queries.")
    return 0


def _render_text(verdict: Verdict) -> str:
    word = verdict.verdict if verdict.run_time != "fails" else "loads, and fails at run time"
    steps = [*verdict.reasons, *(layer.reason for layer in verdict.layers)]
    return "\n".join([word, *(f"  {_render_reason(reason)}" for reason in steps)])


def _render_reason(reason: Reason) -> str:
    return f"{reason.text} ({reason.file}:{reason.line})" if reason.file else reason.text
