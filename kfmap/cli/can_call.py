"""`kfmap can-call`: one question on one kernel or several, or many as JSON lines."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, TextIO

from kfmap.catalogue.kernel_names import EVERY_KERNEL
from kfmap.catalogue.questions import QueryError, ask, ask_json
from kfmap.cli.commands import CommandFailedError
from kfmap.cli.kernels import AskedKernel, load_kernel, load_kernels, load_others
from kfmap.permission.answer_json import plain_answer, plain_question
from kfmap.permission.answer_text import render_answer, render_answers
from kfmap.permission.answers import Answer
from kfmap.permission.helper_names import is_helper
from kfmap.permission.missing import has_function
from kfmap.permission.near_names import find_near
from kfmap.permission.outcome import OutcomeJudge
from kfmap.permission.outcome_words import NOT_ON_THIS_KERNEL

HELP = "Say whether a context may call a kfunc. Exit: 0 it works, 1 it does not, 2 could not ask."
_USE = "Give a kernel, several, or `all`; then a context and a kfunc: 7.3 xdp bpf_dynptr_from_xdp"
_WORKS, _DOES_NOT = 0, 1


def add_arguments(parser: ArgumentParser) -> None:
    """Take a question, or --kernel and --stdin."""
    parser.add_argument(
        "question",
        nargs="*",
        metavar="KERNEL CONTEXT KFUNC",
        help="such as: 6.18 struct_ops.s/init scx_bpf_create_dsq; several kernels, or `all`",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--kernel", help="with --stdin: the kernel that all queries are about")
    parser.add_argument("--stdin", action="store_true", help="one JSON query per line")


def run(options: Namespace, out: TextIO) -> int:
    """Answer the question, or every line of standard input.

    Raises CommandFailedError for what is no question.
    """
    if options.stdin:
        if not options.kernel or options.question:
            raise CommandFailedError("With --stdin give --kernel KERNEL, and no question.")
        return _answer_lines(load_kernel(options.kernel), out)
    if len(options.question) < 3 or options.kernel:
        raise CommandFailedError(_USE)
    *names, context, kfunc = options.question
    kernels = load_kernels() if EVERY_KERNEL in names else load_kernels(names)
    if EVERY_KERNEL in names:
        kernels.reverse()
    answers = [(kernel.name, _ask(kernel, context, kfunc)) for kernel in kernels]
    estimates = {kernel.name: kernel.facts.origin.estimate for kernel in kernels}
    if options.format == "json":
        out.write(_render_json(answers, estimates) + "\n")
    elif len(kernels) == 1:
        out.write(_render_one(kernels[0], answers[0][1]) + "\n")
    else:
        out.write(_render_text(answers, estimates) + "\n")
    return _WORKS if all(answer.outcome.works for _, answer in answers) else _DOES_NOT


def _ask(kernel: AskedKernel, context: str, kfunc: str) -> Answer:
    try:
        return ask(_judge(kernel), context, kfunc)
    except QueryError as error:
        named = str(error) if error.candidates else f"{context}: {error}"
        raise CommandFailedError(f"{named}.") from error


def _judge(kernel: AskedKernel) -> OutcomeJudge:
    return OutcomeJudge(
        kernel.decider,
        lambda: load_others(kernel),
        lambda name: has_function(kernel.functions, name),
    )


def _answer_lines(kernel: AskedKernel, out: TextIO) -> int:
    """Answer line by line as they come; a line that is no query gets {"error": …}."""
    judge = _judge(kernel)
    wrong = 0
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        try:
            answer: dict[str, Any] = plain_answer(ask_json(judge, line).outcome)
        except QueryError as error:
            wrong += 1
            answer = {"error": f"line {number}: {error}"}
            answer |= {"candidates": error.candidates} if error.candidates else {}
        out.write(json.dumps(answer) + "\n")
        out.flush()
    if wrong:
        raise CommandFailedError(f"{wrong} line{'s' * (wrong > 1)} could not be asked.")
    return _WORKS


def _render_one(kernel: AskedKernel, answer: Answer) -> str:
    """Return the answer with its trace, and with names that are like one nobody knows."""
    near: list[str] = []
    if answer.outcome.outcome == NOT_ON_THIS_KERNEL and not answer.outcome.instead:
        own = kernel.decider
        deciders = chain([own], load_others(kernel))
        if not is_helper(answer.kfunc) and all(answer.kfunc not in one.kfuncs for one in deciders):
            near = find_near(answer.kfunc, (*own.kfuncs, *own.helpers.names))
    return render_answer(kernel.name, answer, kernel.facts.origin.estimate, near)


def _render_text(answers: Sequence[tuple[str, Answer]], estimates: Mapping[str, str]) -> str:
    marked = [f"{kernel} is {told}." for kernel, told in estimates.items() if told]
    return "\n".join([render_answers(answers), *marked])


def _render_json(answers: Sequence[tuple[str, Answer]], estimates: Mapping[str, str]) -> str:
    """Return one answer as an object; several as a list in one."""
    plain = [
        {**plain_question(kernel, answer, estimates[kernel]), **plain_answer(answer.outcome)}
        for kernel, answer in answers
    ]
    return json.dumps(plain[0] if len(plain) == 1 else {"version": 1, "answers": plain})
