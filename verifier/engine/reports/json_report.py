"""JSON, the form other programs rely on; `version` rises when a key changes its meaning;
`kfmap` is the version that checked. `report.schema.json` describes all of it.

A verdict is one of four words. A program that its loader leaves out is `refused`, as it would be if
it were loaded, with `left_out` beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from kfmap import __version__
from kfmap.permission.engine import ENGINE_VERSION
from verifier.engine.judging.compare import Span, find_changes
from verifier.engine.reports.answer import Answer, build_answer
from verifier.engine.reports.cards import Card, find_cards
from verifier.engine.reports.causes import Cause
from verifier.engine.reports.judged import JUDGED
from verifier.engine.reports.model import DEFAULT, FORMAT, CheckedObject, ReportOptions
from verifier.engine.result import LEFT_OUT, REFUSED, ObjectVerdict, ProgramVerdict
from verifier.engine.result_json import plain
from verifier.engine.summary import ProgramSummary
from verifier.opinions.opinion_json import plain_compared

_DEPTH = 4  # objects, an object, its lists: what is deeper stands in one line


def render_json(objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT) -> str:
    """Return all objects; those that could not be read are in `errors`."""
    body = {
        "version": FORMAT,
        "kfmap": __version__,
        "judged": JUDGED,
        "engine": ENGINE_VERSION,
        "kernels": [plain(kernel) for kernel in options.kernels],
        "deciding": list(options.deciding),
        "objects": [plain_object(obj) for obj in objects if not obj.problem],
        "sign_offs": [plain(item) for item in options.sign_offs],
        "waivers": [plain(item) for item in options.waivers],
        "policies": [plain(item) for item in options.policies],
        "errors": [error for obj in objects for error in _errors(obj)],
    }
    return "".join(_lay_out(body, 0)) + "\n"


def _lay_out(value: Any, depth: int) -> Iterator[str]:
    """Return the text in pieces, a line per verdict: Python lays out all of it ten times slower."""
    if depth == _DEPTH or not value or not isinstance(value, dict | list):
        yield json.dumps(value)
        return
    if isinstance(value, dict):
        brackets, items = "{}", [(f"{json.dumps(name)}: ", item) for name, item in value.items()]
    else:
        brackets, items = "[]", [("", item) for item in value]
    separator = brackets[0]
    for label, item in items:
        yield f"{separator}\n{' ' * (depth + 1)}{label}"
        yield from _lay_out(item, depth + 1)
        separator = ","
    yield f"\n{' ' * depth}{brackets[1]}"


def plain_object(obj: CheckedObject) -> dict[str, Any]:
    """Return one object."""
    summary, answer = obj.summary, build_answer(obj)
    findings: dict[int, dict[str, Any]] = {}  # by identity: kernels share verdicts
    return {
        "file": obj.file,
        "sha256": obj.sha256,
        "summary": _summary(answer),
        "programs": [_program(program) for program in summary.programs] if summary else [],
        "verdicts": [_verdict(kernel, row, findings) for kernel, row in obj.rows()],
        "notes": list(summary.notes) if summary else [],
        "span": _span(answer.span),
        "changes": [_changes(*pair) for pair in pairwise(obj.verdicts)],
        "opinions": [plain_compared(item.opinion, item.programs) for item in obj.opinions],
        "origin": plain(obj.origin),
    }


def _span(span: Span) -> dict[str, Any]:
    return {"first": span.first, "last": span.last, "not_between": list(span.not_between)}


def _summary(answer: Answer) -> dict[str, Any]:
    """Return the answer per kernel, newest first, and the causes behind it."""
    return {
        "line": answer.line,
        "span": answer.span.words,
        "kernels": [
            {
                "kernel": item.kernel,
                "verdict": REFUSED if item.verdict == LEFT_OUT else item.verdict,
                "cause": item.cause,
                "passing": item.passing,
                "loaded": item.loaded,
            }
            for item in answer.kernels
        ],
        "causes": [_cause(cause) for cause in answer.causes.shown],
        "cards": [_card(card) for card in find_cards(answer.causes.shown)],
        "findings_that_follow": answer.causes.followed,
        "branches": [plain(branch) for branch in answer.branches],
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "kind": cause.kind,
        "kfunc": cause.kfunc,
        "text": cause.text,
        "whole_object": cause.whole,
        "hits": [{"kernel": hit.kernel, "programs": list(hit.programs)} for hit in cause.hits],
        "suggestion": cause.example.suggestion,
        "fingerprint": cause.fingerprint,
    }


def _card(card: Card) -> dict[str, Any]:
    """Return which causes are one to a reader."""
    return {
        "headline": card.headline,
        "names": list(card.names),
        "kernels": list(card.first.kernels),
        "programs": list(card.programs),
        "suggestion": card.suggestion,
        "fingerprints": [cause.fingerprint for cause in card.causes],
    }


def _changes(before: ObjectVerdict, after: ObjectVerdict) -> dict[str, Any]:
    """Return what differs on the next kernel."""
    programs = [plain(change) for change in find_changes(before, after)]
    return {"before": before.kernel, "after": after.kernel, "programs": programs}


def _program(program: ProgramSummary) -> dict[str, Any]:
    return {
        "name": program.name,
        "section": program.section,
        "program_type": program.program_type,
        "attach_type": program.attach_type,
        "target": program.target,
        "struct_ops": [plain(use) for use in program.struct_ops],
        "sleepable": program.sleepable,
        "optional": program.optional,
        "instructions": program.instructions,
        "code": program.code,
        "calls": [plain(call) for call in program.calls],
    }


def _verdict(kernel: str, row: ProgramVerdict, known: dict[int, dict[str, Any]]) -> dict[str, Any]:
    for finding in row.findings:
        if id(finding) not in known:
            known[id(finding)] = plain(finding)
    return {
        "kernel": kernel,
        "program": row.program,
        "verdict": REFUSED if row.verdict == LEFT_OUT else row.verdict,
        "left_out": row.verdict == LEFT_OUT,
        "findings": [known[id(finding)] for finding in row.findings],
        "live_kfuncs": list(row.live_kfuncs),
        "all_kfuncs": list(row.all_kfuncs),
    }


def _errors(obj: CheckedObject) -> list[dict[str, Any]]:
    if obj.problem:
        return [{"file": obj.file, "kernel": None, "problem": obj.problem}]
    return [{"file": obj.file, "kernel": i.kernel, "problem": i.problem} for i in obj.unchecked]
