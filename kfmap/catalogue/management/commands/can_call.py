"""`manage.py can_call`: one question on one kernel or several, or many as JSON lines."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kfmap.catalogue.checks_tag import SETTINGS_CHECKS
from kfmap.catalogue.commands import all_kernel_names, kernel_or_error
from kfmap.catalogue.kernel_names import EVERY_KERNEL
from kfmap.catalogue.questions import QueryError, ask, ask_json
from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.answer_json import plain_answer, plain_question
from kfmap.permission.answer_text import render_answer, render_answers
from kfmap.permission.answers import Answer

_USE = "Use: can_call KERNEL [KERNEL ...] CONTEXT KFUNC, or can_call all CONTEXT KFUNC"
_DOES_NOT_WORK = 1


class Command(BaseCommand):
    """Say whether a context may call a kfunc, and why.

    Exits with 0 where the call works (on every kernel asked), 1 where it does not, 2 where the
    question could not be asked.
    """

    help = (
        "Say whether a context may call a kfunc on a kernel, with the lines that decide. Exits with"
        " 0 where the call works, 1 where it does not, 2 where it could not be asked."
    )
    requires_system_checks = (SETTINGS_CHECKS,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a question, or --kernel and --stdin."""
        parser.add_argument(
            "question",
            nargs="*",
            metavar="KERNEL CONTEXT KFUNC",
            help='such as: 6.18 struct_ops.s/init scx_bpf_create_dsq; KERNEL may be "all"',
        )
        parser.add_argument("--format", choices=("text", "json"), default="text")
        parser.add_argument("--kernel", help="with --stdin: the kernel that all queries are about")
        parser.add_argument("--stdin", action="store_true", help="one JSON query a line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Answer."""
        question: list[str] = options["question"]
        if options["stdin"]:
            if not options["kernel"] or question:
                raise CommandError("Use: can_call --kernel KERNEL --stdin", returncode=2)
            self._answer_lines(kernel_or_error(options["kernel"]))
        elif len(question) >= 3 and not options["kernel"]:
            *kernels, context, kfunc = question
            self._answer(kernels, context, kfunc, as_json=options["format"] == "json")
        else:
            raise CommandError(_USE, returncode=2)

    def _answer(self, names: Sequence[str], context: str, kfunc: str, *, as_json: bool) -> None:
        if EVERY_KERNEL in names:
            names = list(reversed(all_kernel_names()))
        answers = [
            (kernel.name, _ask(kernel, context, kfunc)) for kernel in map(kernel_or_error, names)
        ]
        self.stdout.write(_render_json(answers) if as_json else _render_text(answers))
        if not all(answer.outcome.works for _, answer in answers):
            sys.exit(_DOES_NOT_WORK)

    def _answer_lines(self, kernel: LoadedKernel) -> None:
        """Answer line by line as they come; a line that is no query gets {"error": …}."""
        wrong = 0
        for number, line in enumerate(sys.stdin, 1):
            if not line.strip():
                continue
            try:
                answer = ask_json(line, kernel)
            except QueryError as error:
                wrong += 1
                record: dict[str, Any] = {"error": f"line {number}: {error}"}
                record |= {"candidates": error.candidates} if error.candidates else {}
                self.stdout.write(json.dumps(record))
            else:
                self.stdout.write(json.dumps(plain_answer(answer.outcome)))
            self.stdout.flush()
        if wrong:
            raise CommandError(f"{wrong} of the lines are no queries.", returncode=2)


def _ask(kernel: LoadedKernel, context: str, kfunc: str) -> Answer:
    try:
        return ask(kernel, context, kfunc)
    except QueryError as error:
        raise CommandError(f"{context}: {error}.", returncode=2) from error


def _render_text(answers: Sequence[tuple[str, Answer]]) -> str:
    if len(answers) == 1:
        return render_answer(*answers[0])
    return render_answers(answers)


def _render_json(answers: Sequence[tuple[str, Answer]]) -> str:
    """Return one answer as an object; several as a list in one."""
    plain = [
        {**plain_question(kernel, answer), **plain_answer(answer.outcome)}
        for kernel, answer in answers
    ]
    return json.dumps(plain[0] if len(plain) == 1 else {"version": 1, "answers": plain})
