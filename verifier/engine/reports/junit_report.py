"""JUnit XML, for CI: one suite per object and kernel, one case per program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from kfmap.reports.junit import Case, Ending, Suite, render_suites
from verifier.engine.reports.model import (
    DEFAULT,
    CheckedObject,
    ReportOptions,
    decides,
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
    """Return all objects; what could not be read or checked is an `error`.

    On kernels that do not decide nothing fails, so that a CI server counts what the exit code does.
    """
    return render_suites(suite for obj in objects for suite in _suites(obj, options))


def _suites(obj: CheckedObject, options: ReportOptions) -> Iterator[Suite]:
    estimates = find_estimates(options)
    if obj.problem:
        yield _broke_off(obj.file, obj.problem, Ending.BROKE_OFF)
    for item in obj.unchecked:
        ending = Ending.BROKE_OFF if decides(item.kernel, options) else Ending.SKIPPED
        yield _broke_off(f"{obj.file} on {item.kernel}", item.problem, ending)
    for verdict in obj.verdicts:
        counts = decides(verdict.kernel, options)
        yield _suite(obj, verdict, estimates.get(verdict.kernel, ""), counts)


def _suite(obj: CheckedObject, verdict: ObjectVerdict, estimate: str, counts: bool) -> Suite:
    cases = tuple(_case(verdict.kernel, row, counts) for row in verdict.programs)
    said = asdict(obj.origin) | {"estimate": estimate}
    return Suite(f"{obj.file} on {verdict.kernel}", cases, said)


def _case(kernel: str, row: ProgramVerdict, counts: bool) -> Case:
    group, ending = f"kfmap.{kernel}", _ENDINGS.get(row.verdict, Ending.PASSED)
    if ending == Ending.PASSED:
        return Case(group, row.program)
    said = WORDS[row.verdict]
    if ending == Ending.FAILED and not counts:
        ending, said = Ending.SKIPPED, f"{said}, and {kernel} does not decide"
    found = [item for item in row.findings if item.kind != FindingKind.DEAD]
    lines = dict.fromkeys(_line(row.program, item) for item in found)
    return Case(group, row.program, ending, said, "\n".join(lines))


def _line(program: str, finding: Finding) -> str:
    """Return the finding with the reason that decides."""
    why = f" ({finding.reasons[-1].text})" if finding.reasons else ""
    return f"{headline(program, finding)}{why}"


def _broke_off(name: str, problem: str, ending: Ending) -> Suite:
    return Suite(name, (Case("kfmap", name, ending, problem),), {})
