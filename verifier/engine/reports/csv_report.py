"""CSV: one row per finding; a program without findings has one row too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kfmap.safe_text.csv_rows import render_csv
from verifier.engine.reports.model import (
    DEFAULT,
    CheckedObject,
    ReportOptions,
    find_estimates,
    subject,
)
from verifier.engine.result import Finding

HEAD = (
    "file",
    "kernel",
    "program",
    "verdict",
    "kind",
    "kfunc",
    "path",
    "instruction",
    "source",
    "reason",
    "evidence",
    "suggestion",
    "estimate",
)


def render_findings(objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT) -> str:
    """Return all findings, one row each."""
    return render_csv(HEAD, finding_rows(objects, options))


def finding_rows(
    objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT
) -> Iterator[list[str]]:
    """Return a row for each finding, program without findings, and thing not read or checked."""
    estimates = find_estimates(options)
    for obj in objects:
        for row in _rows(obj):
            missing = len(HEAD) - 1 - len(row)
            yield [*row, *[""] * missing, estimates.get(row[1], "")]


def _rows(obj: CheckedObject) -> Iterator[list[str]]:
    if obj.problem:
        yield [obj.file, "", "", "could not be read", *[""] * 5, obj.problem]
    for item in obj.unchecked:
        yield [obj.file, item.kernel, "", "could not be checked", *[""] * 5, item.problem]
    for kernel, row in obj.rows():
        for cells in [_cells(row.program, finding) for finding in row.findings] or [[]]:
            yield [obj.file, kernel, row.program, row.verdict, *cells]


def _cells(program: str, finding: Finding) -> list[str]:
    last = finding.reasons[-1] if finding.reasons else None
    source = finding.source
    return [
        finding.kind,
        finding.kfunc,
        subject(program, finding),
        "" if finding.instruction is None else str(finding.instruction),
        f"{source.file}:{source.line}" if source else "",
        last.text if last else "",
        last.where if last else "",
        finding.suggestion,
    ]
