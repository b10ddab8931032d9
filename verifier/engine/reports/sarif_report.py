"""SARIF 2.1.0 (OASIS), for code review tools: one result per cause, at its place in the source."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from kfmap.reports.sarif import FINGERPRINT, MOST_LOCATIONS, plain_artifact, render_run
from kfmap.safe_text.printable import printable
from verifier.engine.reports.answer import count
from verifier.engine.reports.causes import Cause, find_causes
from verifier.engine.reports.model import (
    DEFAULT,
    KIND_HELP,
    KIND_WORDS,
    CheckedObject,
    ReportOptions,
    Waived,
    decides,
    find_estimates,
)
from verifier.engine.reports.opinions import (
    KERNEL_REFUSES,
    find_refusals,
    level_of,
    opinion_rule,
    place_of,
)
from verifier.engine.result import FINDING_KINDS, FindingKind, SourceLine, Step
from verifier.opinions.agreement import ComparedProgram

_RULES: list[FindingKind] = [kind for kind in FINDING_KINDS if kind != FindingKind.DEAD]
_LEVELS = {FindingKind.UNKNOWN: "warning", FindingKind.LEFT_OUT: "note"}


def render_sarif(objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT) -> str:
    """Return one run with all objects; what could not be read is a notification of the run."""
    problems = [problem for obj in objects for problem in _notifications(obj)]
    rules = [*(_rule(kind) for kind in _RULES), opinion_rule()]
    results = [_result(obj, cause, options) for obj in objects for cause in find_causes(obj).shown]
    results += [_opinion(obj, row, options) for obj in objects for row in find_refusals(obj)]
    asked = {verdict.kernel for obj in objects for verdict in obj.verdicts}
    estimates = {name: said for name, said in find_estimates(options).items() if name in asked}
    artifacts = [_artifact(obj) for obj in objects]
    properties = {"estimates": estimates} if estimates else {}
    return render_run(rules, results, problems, artifacts, properties)


def _rule(kind: FindingKind) -> dict[str, Any]:
    words = KIND_WORDS[kind]
    return {
        "id": kind,
        "shortDescription": {"text": words},
        "fullDescription": {"text": KIND_HELP[kind]},
        "help": {"text": KIND_HELP[kind]},
        "defaultConfiguration": {"level": _LEVELS.get(kind, "error")},
    }


def _artifact(obj: CheckedObject) -> dict[str, Any]:
    artifact: dict[str, Any] = {"location": {"uri": quote(obj.file)}}
    if obj.sha256:
        artifact["hashes"] = {"sha-256": obj.sha256}
    if obj.origin:
        artifact["properties"] = {key: text for key, text in asdict(obj.origin).items() if text}
    return artifact


def _notifications(obj: CheckedObject) -> Iterator[dict[str, Any]]:
    if obj.problem:
        yield {"level": "error", "message": {"text": printable(f"{obj.file}: {obj.problem}")}}
    for item in obj.unchecked:
        text = f"{obj.file} on {item.kernel}: {item.problem}"
        yield {"level": "error", "message": {"text": printable(text)}}


def _result(obj: CheckedObject, cause: Cause, options: ReportOptions) -> dict[str, Any]:
    finding = cause.example
    result: dict[str, Any] = {
        "ruleId": cause.kind,
        "ruleIndex": _RULES.index(cause.kind),
        "level": cause_level(cause, options),
        "message": {"text": printable(cause_message(cause, options))},
        "locations": [_location(obj, finding.source, _function(cause), options)],
        "partialFingerprints": {FINGERPRINT: cause.fingerprint},
        "properties": {
            "kernels": list(cause.kernels),
            "programs": list(cause.programs),
            "kfunc": cause.kfunc,
            "instruction": finding.instruction,
            "suggestion": finding.suggestion,
            "reasons": [reason.full_text for reason in finding.reasons],
        },
    }
    estimates = find_estimates(options)
    if own := {name: estimates[name] for name in cause.kernels if name in estimates}:
        result["properties"]["estimates"] = own
    related = list(_related(obj, finding.path, options))[:MOST_LOCATIONS]
    if related:
        result["relatedLocations"] = related
    if waived := [item for item in options.waivers if item.fingerprint == cause.fingerprint]:
        result["suppressions"] = [_suppression(item) for item in waived]
    return result


def _suppression(item: Waived) -> dict[str, Any]:
    """Return a waiver as what keeps a result from counting."""
    said = f"{item.reason} ({item.owner}, in {item.space}, until {item.until})"
    return {"kind": "external", "status": "accepted", "justification": printable(said)}


def _opinion(obj: CheckedObject, row: ComparedProgram, options: ReportOptions) -> dict[str, Any]:
    """Return what a booted kernel refuses, at the line that its log names."""
    return {
        "ruleId": KERNEL_REFUSES,
        "ruleIndex": len(_RULES),
        "level": level_of(row) if decides(row.kernel, options) else "note",
        "message": {"text": printable(f"{row.program} on {row.kernel}: {row.sentence}")},
        "locations": [_location(obj, place_of(row), row.program, options)],
        "properties": {"kernels": [row.kernel], "programs": [row.program]},
    }


def cause_message(cause: Cause, options: ReportOptions) -> str:
    """Return the cause, where it holds, what is an estimate, and what to do, in short sentences."""
    subject = f"{cause.kfunc}: {KIND_WORDS[cause.kind]}" if cause.kfunc else cause.text
    programs = count(len(cause.programs), "program", "programs")
    said = f"{subject}. This holds for {programs} on {', '.join(cause.kernels)}."
    estimates = find_estimates(options)
    if own := [name for name in cause.kernels if name in estimates]:
        said += f" For {', '.join(own)} this is an estimate."
    if cause.example.suggestion:
        said += f" Try: {cause.example.suggestion}."
    return said


def cause_level(cause: Cause, options: ReportOptions) -> str:
    """Return error, warning or note; a cause on kernels that do not decide fails nobody's check."""
    if not any(decides(kernel, options) for kernel in cause.kernels):
        return "note"
    return _LEVELS.get(cause.kind, "error")


def _function(cause: Cause) -> str:
    return cause.example.path[-1].function if cause.example.path else cause.programs[0]


def _related(
    obj: CheckedObject, path: Sequence[Step], options: ReportOptions
) -> Iterator[dict[str, Any]]:
    for number, step in enumerate(path):
        location = _location(obj, step.source, step.function, options)
        yield {"id": number, "message": {"text": f"in {step.function}"}, **location}


def _location(
    obj: CheckedObject, source: SourceLine | None, function: str, options: ReportOptions
) -> dict[str, Any]:
    """Return the source line where it is known, else the object."""
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(obj.file)}}
    if source is not None and source.file and source.line > 0:
        region = {"startLine": source.line, "snippet": {"text": source.text}}
        artifact = plain_artifact(source_path(source.file, options.source_root))
        physical = {"artifactLocation": artifact, "region": region}
    names = [{"name": function, "kind": "function"}]
    return {"physicalLocation": physical, "logicalLocations": names}


def source_path(file: str, root: str) -> str:
    """Return a path of a compiler as one relative to the root of the sources.

    "./a/../b.c" becomes "b.c". An absolute path outside the root stays absolute.
    """
    path = PurePosixPath(posixpath.normpath(file))
    if root and path.is_absolute() and path.is_relative_to(posixpath.normpath(root)):
        return str(path.relative_to(posixpath.normpath(root)))
    if path.is_absolute():
        return str(path)
    return "/".join(part for part in path.parts if part != "..")
