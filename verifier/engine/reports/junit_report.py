"""JUnit XML, for CI: one suite per object and kernel, one case per program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from kfmap.reports.junit import Case, Ending, Suite, render_suites
from verifier.engine.reports.model import (
    DEFAULT,
    CheckedObject,
    ReportOptions,
    find_estimates,
    headline,
)
from verifier.engine.result import (
    FAILS_AT_RUN_TIME,
    LEFT_OUT,
    REFUSED,
    UNKNOWN,
    WORDS,
    Finding,
    FindingKind,
    ObjectVerdict,
    ProgramVerdict,
)

_ENDINGS = {
    REFUSED: Ending.FAILED,
    FAILS_AT_RUN_TIME: Ending.FAILED,
    UNKNOWN: Ending.SKIPPED,
    LEFT_OUT: Ending.SKIPPED,
}


def render_junit(objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT) -> str:
    """Return all objects; what could not be read or checked is an `error`."""
    estimates = find_estimates(options)
    return render_suites(suite for obj in objects for suite in _suites(obj, estimates))


def _suites(obj: CheckedObject, estimates: Mapping[str, str]) -> Iterator[Suite]:
    if obj.problem:
        yield _broke_off(obj.file, obj.problem)
    for item in obj.unchecked:
        yield _broke_off(f"{obj.file} on {item.kernel}", item.problem)
    for verdict in obj.verdicts:
        yield _suite(obj, verdict, estimates.get(verdict.kernel, ""))


def _suite(obj: CheckedObject, verdict: ObjectVerdict, estimate: str) -> Suite:
    cases = tuple(_case(verdict.kernel, row) for row in verdict.programs)
    said = asdict(obj.origin) | {"estimate": estimate}
    return Suite(f"{obj.file} on {verdict.kernel}", cases, said)


def _case(kernel: str, row: ProgramVerdict) -> Case:
    group, ending = f"kfmap.{kernel}", _ENDINGS.get(row.verdict, Ending.PASSED)
    if ending == Ending.PASSED:
        return Case(group, row.program)
    found = [item for item in row.findings if item.kind != FindingKind.DEAD]
    lines = dict.fromkeys(_line(row.program, item) for item in found)
    return Case(group, row.program, ending, WORDS[row.verdict], "\n".join(lines))


def _line(program: str, finding: Finding) -> str:
    """Return the finding with the reason that decides."""
    why = f" ({finding.reasons[-1].text})" if finding.reasons else ""
    return f"{headline(program, finding)}{why}"


def _broke_off(name: str, problem: str) -> Suite:
    return Suite(name, (Case("kfmap", name, Ending.BROKE_OFF, problem),), {})
