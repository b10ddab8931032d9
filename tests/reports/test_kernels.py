"""Reports on kernels and comparisons: what they say of bundled kernels, checked against the map."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from lxml import etree

from kfmap.cli.kernels import load_kernel
from kfmap.cli.report import read_kernel_data
from kfmap.permission.outcome_words import LETTERS
from kfmap.reports.comparison_report import build_comparison_report, find_kernel_changes
from kfmap.reports.formats import FORMATS
from kfmap.reports.kernel_data import KernelData
from kfmap.reports.kernel_report import build_kernel_report
from tests.reports.opening import read_page, read_workbook

pytestmark = pytest.mark.django_db


@cache
def load(name: str) -> KernelData:
    return read_kernel_data(load_kernel(name))


def read_json(report: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(FORMATS["json"].render(report))
    return body


def test_kernel_report_names_facts_evidence_and_every_kfunc() -> None:
    kernel = load("6.1")
    body = read_json(build_kernel_report(kernel))
    told = {item["name"]: item["value"] for item in body["provenance"]}
    assert told["facts of 6.1"] == f"SHA-256 {kernel.facts_sha256}"
    assert "answered when it was booted" in told["evidence for 6.1"]
    rows = {row["kfunc"]: row for row in body["tables"]["kfuncs"]}
    assert rows.keys() == {item.name for item in kernel.facts.kfuncs}
    name, row = next(iter(rows.items()))
    assert row["contexts that may call"] == kernel.rows[name].count("A")


def test_report_on_a_kernel_that_was_only_asked_counts_nothing_unknown_as_none() -> None:
    kernel = load("7.0")
    body = read_json(build_kernel_report(kernel))
    assert body["lead"] == [
        "Release 7.0.13, booted and asked: 277 kfuncs, 121 contexts.",
        "It refuses 8,923 of 33,517 cells. What its permission check lets pass is unknown, because "
        "nothing else was asked.",
        "Its sets, registrations and filters are not known: its source is not in the map.",
    ]
    told = {item["name"]: item["value"] for item in body["provenance"]}
    assert told["evidence for 7.0"] == (
        "its verdicts are what it answered when it was booted and asked"
    )
    page = FORMATS["markdown"].render(build_kernel_report(kernel)).decode()
    assert "## Cells" in page
    assert "## Registrations" not in page
    assert "understood" not in page
    assert not kernel.findings


def test_kernel_report_opens_as_page_and_workbook() -> None:
    report = build_kernel_report(load("6.1"))
    text = read_page(FORMATS["html"].render(report).decode()).text_content()
    assert "Report on kernel 6.1" in text
    sheets = read_workbook(FORMATS["xlsx"].render(report))
    assert list(sheets) == ["summary", "kfuncs", "registrations", "findings"]
    assert len(sheets["registrations"]) == 1 + len(load("6.1").facts.registrations)


def test_comparison_lists_every_cell_that_changed_and_no_other() -> None:
    old, new = load("6.17"), load("6.18")
    body = read_json(build_comparison_report(old, new))
    told = {(row["kfunc"], row["context"]): row for row in body["tables"]["cells"]}
    assert told
    for at, context in enumerate(new.contexts):
        if context not in old.contexts:
            continue
        was = old.contexts.index(context)
        for kfunc in new.rows.keys() & old.rows.keys():
            letters = old.rows[kfunc][was], new.rows[kfunc][at]
            row = told.pop((kfunc, context), None)
            changed = row and (row["before"], row["after"])
            words = tuple(LETTERS[letter] for letter in letters)
            assert changed == (words if letters[0] != letters[1] else None)
    assert not {kfunc for kfunc, _ in told} & old.rows.keys()  # renamed ones alone are left


def test_comparison_of_a_kernel_with_itself_is_empty() -> None:
    changes = find_kernel_changes(load("6.1"), load("6.1"))
    assert not (changes.cells or changes.added or changes.removed or changes.prototypes)
    assert (
        "Both kernels have the same"
        in FORMATS["markdown"].render(build_comparison_report(load("6.1"), load("6.1"))).decode()
    )


def test_findings_of_a_kernel_stand_at_their_lines_and_grave_ones_fail() -> None:
    kernel = load("6.18")
    log = json.loads(FORMATS["sarif"].render(build_kernel_report(kernel)))["runs"][0]
    assert len(log["results"]) == len(kernel.findings)
    first, told = kernel.findings[0], log["results"][0]
    assert told["ruleId"] == first.kind
    assert {rule["id"] for rule in log["tool"]["driver"]["rules"]} == {
        item.kind for item in kernel.findings
    }
    root = etree.fromstring(FORMATS["junit"].render(build_kernel_report(kernel)))
    defects = [item for item in kernel.findings if item.severity == "defect"]
    assert len(root.findall(".//failure")) == len(defects)


def test_findings_of_a_comparison_tell_what_stops_to_work_from_what_begins() -> None:
    old, new = load("6.17"), load("6.18")
    changes = find_kernel_changes(old, new)
    log = json.loads(FORMATS["sarif"].render(build_comparison_report(old, new)))["runs"][0]
    levels = {(row["ruleId"], row["level"]) for row in log["results"]}
    assert ("added", "note") in levels
    removed = [row for row in log["results"] if row["ruleId"] == "removed_kfunc"]
    assert len(removed) == len(changes.removed)
    assert {row["level"] for row in removed} <= {"error"}
    flips = [row for row in log["results"] if "From “" in row["message"]["text"]]
    assert len(flips) == len(changes.flips)
    same = json.loads(FORMATS["sarif"].render(build_comparison_report(new, new)))["runs"][0]
    assert same["results"] == []
