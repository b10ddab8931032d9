"""JSON, the form other programs rely on; `version` rises when a key changes its meaning;
`kfmap` is the version that checked. `report.schema.json` describes all of it.

A verdict is one of four words. A program that its loader leaves out is `refused`, as it would be if
it were loaded, with `left_out` beside it.
"""

from __future__ import annotations

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
from verifier.engine.result_json import plain, write_json
from verifier.engine.summary import ProgramSummary
from verifier.opinions.opinion_json import plain_compared

_DEPTH = 4  # objects, an object, its lists: what is deeper stands in one line
_OF_AN_OBJECT = 2


class _Written(str):
    """JSON text."""

    __slots__ = ()


def render_json(objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT) -> str:
    """Return all objects; those that could not be read are in `errors`."""
    body = {
        "version": FORMAT,
        "kfmap": __version__,
        "judged": JUDGED,
        "engine": ENGINE_VERSION,
        "kernels": [plain(kernel) for kernel in options.kernels],
        "deciding": list(options.deciding),
        "objects": [
            _Written(_lay_out(_object(obj), _OF_AN_OBJECT)) for obj in objects if not obj.problem
        ],
        "sign_offs": [plain(item) for item in options.sign_offs],
        "waivers": [plain(item) for item in options.waivers],
        "policies": [plain(item) for item in options.policies],
        "errors": [error for obj in objects for error in _errors(obj)],
    }
    return f"{_lay_out(body, 0)}\n"


def _lay_out(value: Any, depth: int) -> str:
    """Return the text, a line per verdict: Python lays out all of it ten times slower."""
    if depth == _DEPTH or not value or not isinstance(value, dict | list):
        return value if isinstance(value, _Written) else write_json(value)
    if isinstance(value, dict):
        items = [f"{write_json(name)}: {_lay_out(value[name], depth + 1)}" for name in value]
    else:
        items = [_lay_out(item, depth + 1) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    line = f"\n{' ' * depth}"
    return f"{opening}{line} {f',{line} '.join(items)}{line}{closing}"


def _object(obj: CheckedObject) -> dict[str, Any]:
    summary, answer = obj.summary, build_answer(obj)
    return {
        "file": obj.file,
        "sha256": obj.sha256,
        "summary": _summary(answer),
        "programs": [_program(program) for program in summary.programs] if summary else [],
        "verdicts": list(_verdicts(obj)),
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
        "branches": answer.branches,
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "kind": cause.kind,
        "kfunc": cause.kfunc,
        "text": cause.text,
        "whole_object": cause.whole,
        "hits": [{"kernel": hit.kernel, "programs": hit.programs} for hit in cause.hits],
        "suggestion": cause.example.suggestion,
        "fingerprint": cause.fingerprint,
    }


def _card(card: Card) -> dict[str, Any]:
    """Return which causes are one to a reader."""
    return {
        "headline": card.headline,
        "names": card.names,
        "kernels": card.first.kernels,
        "programs": card.programs,
        "suggestion": card.suggestion,
        "fingerprints": [cause.fingerprint for cause in card.causes],
    }


def _changes(before: ObjectVerdict, after: ObjectVerdict) -> dict[str, Any]:
    """Return what differs on the next kernel."""
    programs = find_changes(before, after)
    return {"before": before.kernel, "after": after.kernel, "programs": programs}


def _program(program: ProgramSummary) -> dict[str, Any]:
    return {
        "name": program.name,
        "section": program.section,
        "program_type": program.program_type,
        "attach_type": program.attach_type,
        "target": program.target,
        "struct_ops": program.struct_ops,
        "sleepable": program.sleepable,
        "optional": program.optional,
        "instructions": program.instructions,
        "code": program.code,
        "calls": program.calls,
    }


def _verdicts(obj: CheckedObject) -> Iterator[_Written]:
    known: dict[int, str] = {}  # by identity: kernels share verdicts
    for verdict in obj.verdicts:
        kernel = f'{{"kernel": {write_json(verdict.kernel)}, '
        for row in verdict.programs:
            if id(row) not in known:
                known[id(row)] = write_json(_verdict(row))[1:]
            yield _Written(kernel + known[id(row)])


def _verdict(row: ProgramVerdict) -> dict[str, Any]:
    """Return what a verdict says but for the kernel."""
    return {
        "program": row.program,
        "verdict": REFUSED if row.verdict == LEFT_OUT else row.verdict,
        "left_out": row.verdict == LEFT_OUT,
        "findings": row.findings,
        "live_kfuncs": row.live_kfuncs,
        "all_kfuncs": row.all_kfuncs,
    }


def _errors(obj: CheckedObject) -> list[dict[str, Any]]:
    if obj.problem:
        return [{"file": obj.file, "kernel": None, "problem": obj.problem}]
    return [{"file": obj.file, "kernel": i.kernel, "problem": i.problem} for i in obj.unchecked]
