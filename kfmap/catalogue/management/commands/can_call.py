"""`manage.py can_call`: one question as arguments, or many as JSON lines."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kfmap.catalogue.checks_tag import SETTINGS_CHECKS
from kfmap.catalogue.commands import kernel_or_error
from kfmap.catalogue.questions import QueryError, find_context, parse_query, plain_answer
from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.context_words import render_context
from kfmap.permission.verdict import Reason, Verdict


class Command(BaseCommand):
    """Say whether a context may call a kfunc, and why."""

    help = "Say whether a context may call a kfunc on a kernel, with the lines that decide."
    requires_system_checks = (SETTINGS_CHECKS,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a question, or --kernel and --stdin."""
        parser.add_argument("question", nargs="*", metavar="KERNEL CONTEXT KFUNC")
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
        elif len(question) == 3 and not options["kernel"]:
            self._answer(*question, as_json=options["format"] == "json")
        else:
            raise CommandError("Use: can_call KERNEL CONTEXT KFUNC", returncode=2)

    def _answer(self, kernel_name: str, context_text: str, kfunc: str, *, as_json: bool) -> None:
        kernel = kernel_or_error(kernel_name)
        try:
            context = find_context(context_text, kernel)
        except QueryError as error:
            raise CommandError(f"{context_text}: {error}.", returncode=2) from error
        verdict = kernel.decider.decide(context, kfunc)
        if as_json:
            self.stdout.write(json.dumps(plain_answer(verdict)))
        else:
            head = f"{kernel.name}: {render_context(context)} → {kfunc}: "
            self.stdout.write(head + _render_text(verdict))

    def _answer_lines(self, kernel: LoadedKernel) -> None:
        """Answer line by line as they come; a line that is no query gets {"error": …}."""
        wrong = 0
        for number, line in enumerate(sys.stdin, 1):
            if not line.strip():
                continue
            try:
                context, kfunc = parse_query(line, kernel)
            except QueryError as error:
                wrong += 1
                self.stdout.write(json.dumps({"error": f"line {number}: {error}"}))
            else:
                self.stdout.write(json.dumps(plain_answer(kernel.decider.decide(context, kfunc))))
            self.stdout.flush()
        if wrong:
            raise CommandError(f"{wrong} of the lines are no queries.", returncode=2)


def _render_text(verdict: Verdict) -> str:
    word = verdict.verdict if verdict.run_time != "fails" else "loads, and fails at run time"
    steps = [*verdict.reasons, *(layer.reason for layer in verdict.layers)]
    return "\n".join([word, *(f"  {_render_reason(reason)}" for reason in steps)])


def _render_reason(reason: Reason) -> str:
    return f"{reason.text} ({reason.file}:{reason.line})" if reason.file else reason.text
