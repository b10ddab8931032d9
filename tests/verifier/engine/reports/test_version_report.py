"""What changed between two versions of an object: findings by fingerprint, verdicts, kfuncs."""

from __future__ import annotations

import json
from dataclasses import replace

from kfmap.reports.formats import FORMATS
from tests.verifier.checked import create_checked, create_finding, create_verdict
from verifier.engine.reports.version_report import build_version_report


def test_new_gone_and_same_findings_are_told_apart() -> None:
    kept, gone, came = (create_finding(kfunc=name) for name in ("toy_kept", "toy_gone", "toy_came"))
    old = replace(create_checked(), verdicts=(create_verdict("7.2", "toy_running", kept, gone),))
    new = replace(create_checked(), verdicts=(create_verdict("7.2", "toy_running", kept, came),))
    report = build_version_report(old, new)
    body = json.loads(FORMATS["json"].render(report))
    states = {row["kfunc"]: row["state"] for row in body["tables"]["findings"]}
    assert states == {"toy_kept": "same", "toy_gone": "gone", "toy_came": "new"}
    assert body["lead"][0] == "1 finding is new, 1 finding is gone, 1 finding is the same."
    assert body["tables"]["verdicts"] == []
    log = json.loads(FORMATS["sarif"].render(report))["runs"][0]
    assert {
        row["message"]["text"].split(":")[0]: row["baselineState"] for row in log["results"]
    } == {
        "toy_kept": "unchanged",
        "toy_gone": "absent",
        "toy_came": "new",
    }
    failed = FORMATS["junit"].render(report).decode()
    assert failed.count("<failure") == 1 and "toy_came" in failed


def test_verdicts_and_programs_that_changed() -> None:
    old = replace(create_checked("first"), verdicts=(create_verdict("7.2", "first"),))
    new = create_checked("second")
    body = json.loads(FORMATS["json"].render(build_version_report(old, new)))
    assert {
        "kernel": "7.2",
        "program": "second",
        "before": "no such program",
        "after": "refused",
    } in body["tables"]["verdicts"]
    assert {"state": "gone", "program": "first", "kfunc": "toy_move"} in body["tables"]["kfuncs"]
    assert {"state": "new", "program": "second", "kfunc": ""} in body["tables"]["kfuncs"]
