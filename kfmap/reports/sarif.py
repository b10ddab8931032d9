"""SARIF 2.1.0 (OASIS), for code review tools: one run, its rules and results.

Keeps within what GitHub takes of a run: 25,000 results, 1,000 locations beside a result.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from kfmap import __version__
from kfmap.reports.document import Finding, Report, State
from kfmap.safe_text.printable import printable

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
BASE = "SRCROOT"
FINGERPRINT = "kfmap/v1"
MOST_LOCATIONS = 1_000
_MOST_RESULTS = 25_000
_BASELINE = {State.NEW: "new", State.SAME: "unchanged", State.GONE: "absent"}

Node = dict[str, Any]


def render_run(
    rules: Sequence[Node],
    results: Sequence[Node],
    problems: Sequence[Node] = (),
    artifacts: Sequence[Node] = (),
    properties: Mapping[str, Any] | None = None,
) -> str:
    """Return the file; `problems` are notifications of what could not be done."""
    run: Node = {
        "tool": {"driver": {"name": "kfmap", "version": __version__, "rules": list(rules)}},
        "columnKind": "unicodeCodePoints",
        "artifacts": list(artifacts),
        "invocations": [
            {"executionSuccessful": not problems, "toolExecutionNotifications": list(problems)}
        ],
        "results": list(results[:_MOST_RESULTS]),
    }
    if properties:
        run["properties"] = dict(properties)
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def render_sarif(report: Report) -> str:
    """Return the findings of a report, each at its first place in the source of the kernel."""
    findings = report.findings or ()
    rules = list(dict.fromkeys(item.rule for item in findings))
    described = [{"id": rule.id, "shortDescription": {"text": rule.text}} for rule in rules]
    results = [_result(item, rules.index(item.rule)) for item in findings]
    known = {name: printable(value) for name, value in report.provenance}
    return render_run(described, results, properties={"title": printable(report.title), **known})


def _result(item: Finding, rule: int) -> Node:
    places = [_place(*place) for place in item.places]
    first: Node = {"logicalLocations": [{"fullyQualifiedName": printable(item.subject)}]}
    if places:
        first["physicalLocation"] = places[0]
    result: Node = {
        "ruleId": item.rule.id,
        "ruleIndex": rule,
        "level": str(item.level),
        "message": {"text": printable(f"{item.subject}: {item.text}")},
        "locations": [first],
        "partialFingerprints": {FINGERPRINT: item.fingerprint},
    }
    if len(places) > 1:
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": place}
            for number, place in enumerate(places[1 : MOST_LOCATIONS + 1])
        ]
    if item.state in _BASELINE:
        result["baselineState"] = _BASELINE[item.state]
    return result


def plain_artifact(file: str) -> Node:
    """Return where a file is: relative to the root of the sources, or by an absolute URI.

    An absolute URI has no uriBaseId (SARIF 2.1.0, 3.4.4).
    """
    if file.startswith("/"):
        return {"uri": f"file://{quote(file)}"}
    return {"uri": quote(file), "uriBaseId": BASE}


def _place(file: str, line: int) -> Node:
    place: Node = {"artifactLocation": plain_artifact(file)}
    return {**place, "region": {"startLine": line}} if line > 0 else place
