"""SARIF 2.1.0 (OASIS), for code review tools: one result per finding and kernel."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from kfmap import __version__
from kfmap.safe_text.printable import printable
from verifier.engine.reports.model import KIND_WORDS, CheckedObject, headline
from verifier.engine.result import (
    FAILS_AT_RUN_TIME,
    FINDING_KINDS,
    REFUSED,
    Finding,
    FindingKind,
    ProgramVerdict,
    SourceLine,
)

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_FAILING = {REFUSED: "error", FAILS_AT_RUN_TIME: "error"}


def render_sarif(objects: Sequence[CheckedObject]) -> str:
    """Return one run with all objects; what could not be read is a notification of the run."""
    problems = [problem for obj in objects for problem in _notifications(obj)]
    rules = [_rule(kind) for kind in FINDING_KINDS]
    run = {
        "tool": {"driver": {"name": "kfmap", "version": __version__, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "artifacts": [_artifact(obj) for obj in objects],
        "invocations": [
            {"executionSuccessful": not problems, "toolExecutionNotifications": problems}
        ],
        "results": [_result(obj, *found) for obj in objects for found in obj.findings()],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rule(kind: FindingKind) -> dict[str, Any]:
    return {"id": kind, "shortDescription": {"text": KIND_WORDS[kind]}}


def _artifact(obj: CheckedObject) -> dict[str, Any]:
    artifact: dict[str, Any] = {"location": {"uri": quote(obj.file)}}
    if obj.sha256:
        artifact["hashes"] = {"sha-256": obj.sha256}
    return artifact


def _notifications(obj: CheckedObject) -> Iterator[dict[str, Any]]:
    if obj.problem:
        yield {"level": "error", "message": {"text": f"{obj.file}: {obj.problem}"}}
    for item in obj.unchecked:
        text = f"{obj.file} on {item.kernel}: {item.problem}"
        yield {"level": "error", "message": {"text": printable(text)}}


def _result(
    obj: CheckedObject, kernel: str, row: ProgramVerdict, finding: Finding
) -> dict[str, Any]:
    reasons = "".join(f" {reason.text}." for reason in finding.reasons)
    text = f"On {kernel}, {row.program}: {headline(row.program, finding)}.{reasons}"
    result = {
        "ruleId": finding.kind,
        "ruleIndex": FINDING_KINDS.index(finding.kind),
        "level": _level(row, finding),
        "message": {"text": printable(text)},
        "locations": [_location(obj, finding.source, row.program)],
        "properties": {
            "kernel": kernel,
            "program": row.program,
            "verdict": row.verdict,
            "kfunc": finding.kfunc,
            "instruction": finding.instruction,
            "suggestion": finding.suggestion,
        },
    }
    steps = [{"location": _location(obj, step.source, step.function)} for step in finding.path]
    if steps:
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    return result


def _level(row: ProgramVerdict, finding: Finding) -> str:
    if finding.kind in (FindingKind.DEAD, FindingKind.LEFT_OUT):
        return "note"
    return (
        "warning" if finding.kind == FindingKind.UNKNOWN else _FAILING.get(row.verdict, "warning")
    )


def _location(obj: CheckedObject, source: SourceLine | None, function: str) -> dict[str, Any]:
    """Return the source line where it is known, else the object."""
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(obj.file)}}
    if source is not None and source.file and source.line > 0:
        region = {"startLine": source.line, "snippet": {"text": source.text}}
        physical = {"artifactLocation": {"uri": quote(source.file)}, "region": region}
    names = [{"name": function, "kind": "function"}]
    return {"physicalLocation": physical, "logicalLocations": names}
