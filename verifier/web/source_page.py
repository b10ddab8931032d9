"""What the page of a program's source shows: lines, and calls with what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from verifier.engine.reports.model import KIND_WORDS
from verifier.engine.result import (
    FAILS_AT_RUN_TIME,
    PASSES,
    REFUSED,
    UNKNOWN,
    Finding,
    FindingKind,
    ProgramVerdict,
)
from verifier.engine.source_view import CallKind, CodeLine, FunctionSource, LineCall, SourceView

DEAD = "absent"  # the mark of dead code
_OPEN_LINES = 150  # with fewer in all, every function is open
_MARKS = {
    FindingKind.DEAD: DEAD,
    FindingKind.UNKNOWN: UNKNOWN,
    FindingKind.RUN_TIME: FAILS_AT_RUN_TIME,
}
Place = tuple[str, int | None]  # a function and an instruction


@dataclass(frozen=True, slots=True)
class MarkedCall:
    """A call, the `mark` of what becomes of it ("" where nothing is said), and the words for it.

    `times`: how many such calls the line makes, as inlined functions and macros do.
    """

    call: LineCall
    mark: str
    words: str
    reason: str
    times: int = 1


@dataclass(frozen=True, slots=True)
class MarkedLine:
    """A line with its calls, and what is said of an instruction that calls nothing."""

    line: CodeLine
    calls: list[MarkedCall]
    said: list[str]


@dataclass(frozen=True, slots=True)
class FilePart:
    """Lines of one file."""

    file: str
    lines: list[MarkedLine]


@dataclass(frozen=True, slots=True)
class FunctionPart:
    """A function, open where something in it is refused or there is little to show."""

    name: str
    files: list[FilePart]
    objections: int
    is_open: bool

    @property
    def instructions(self) -> Iterator[str]:
        """Return the instructions in their order."""
        every = [
            text for part in self.files for row in part.lines for text in row.line.instructions
        ]
        return iter(sorted(every, key=lambda text: int(text.partition(":")[0])))


@dataclass(frozen=True, slots=True)
class SourcePage:
    """The page; `verdict` is that on the chosen kernel, None where it was not checked."""

    functions: list[FunctionPart]
    left_out: int
    verdict: ProgramVerdict | None


def build_source_page(view: SourceView, verdict: ProgramVerdict | None) -> SourcePage:
    """Return the page of a program for one kernel."""
    said = _said(verdict)
    few = sum(len(item.lines) for item in view.functions) <= _OPEN_LINES
    parts = [
        _function(item, said, verdict, few or not at) for at, item in enumerate(view.functions)
    ]
    return SourcePage(parts, view.left_out, verdict)


def _said(verdict: ProgramVerdict | None) -> dict[Place, Finding]:
    """Return what is said of instructions; of several findings the first that decides."""
    said: dict[Place, Finding] = {}
    for finding in verdict.findings if verdict else ():
        if finding.path:
            place = finding.path[-1].function, finding.instruction
            if place not in said or said[place].kind == FindingKind.DEAD:
                said[place] = finding
    return said


def _function(
    item: FunctionSource,
    said: Mapping[Place, Finding],
    verdict: ProgramVerdict | None,
    is_open: bool,
) -> FunctionPart:
    rows = [_mark_line(item.name, line, said, verdict) for line in item.lines]
    objections = sum(
        finding.kind != FindingKind.DEAD for (name, _), finding in said.items() if name == item.name
    )
    files = [
        FilePart(file, list(lines)) for file, lines in groupby(rows, lambda row: row.line.file)
    ]
    return FunctionPart(item.name, files, objections, is_open or objections > 0)


def _mark_line(
    function: str,
    line: CodeLine,
    said: Mapping[Place, Finding],
    verdict: ProgramVerdict | None,
) -> MarkedLine:
    calls = [_mark(call, said.get((function, call.instruction)), verdict) for call in line.calls]
    called = {call.instruction for call in line.calls}
    slots = [int(text.partition(":")[0]) for text in line.instructions]
    found = [said[function, at] for at in slots if at not in called and (function, at) in said]
    return MarkedLine(
        line, _count_alike(calls), [item.reasons[-1].text for item in found if item.reasons]
    )


def _count_alike(calls: Iterable[MarkedCall]) -> list[MarkedCall]:
    """Return each call of a line once, with how many there are of which the same is said."""
    alike: dict[tuple[str, ...], MarkedCall] = {}
    for item in calls:
        key = (item.call.name, item.call.kind, item.mark, item.reason)
        known = alike.get(key)
        alike[key] = replace(known, times=known.times + 1) if known else item
    return list(alike.values())


def _mark(call: LineCall, finding: Finding | None, verdict: ProgramVerdict | None) -> MarkedCall:
    if finding is not None:
        reason = finding.reasons[-1].full_text if finding.reasons else ""
        mark = _MARKS.get(finding.kind, REFUSED)
        return MarkedCall(call, mark, KIND_WORDS[finding.kind], reason)
    if verdict is None or call.kind != CallKind.KFUNC:
        return MarkedCall(call, "", "", "")
    if call.name in verdict.live_kfuncs:
        return MarkedCall(call, PASSES, "permitted", "")
    return MarkedCall(call, DEAD, "dead code", "")
