"""Every format of a report: the same bytes for the same report, and what programs read."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import networkx
import pytest
from lxml import etree

import kfmap.reports
from kfmap import __version__
from kfmap.graphs.nodes import KFUNC, add_node, create_graph, join_nodes
from kfmap.reports.document import Report, Section
from kfmap.reports.formats import FORMATS, NoSuchFormatError, list_formats, render_report
from tests.reports.opening import HOSTILE, create_report, validate_sarif

SCHEMA = Path(kfmap.reports.__file__).with_name("report.schema.json")


def with_graph(report: Report) -> Report:
    """Return a report that draws what hostile names call."""
    graph = create_graph("Calls", "Hostile ones.")
    for number, name in enumerate(HOSTILE):
        add_node(graph, f"n{number}", KFUNC, (name,), number, note=name)
        join_nodes(graph, "n0", f"n{number}")
    return replace(report, sections=(*report.sections, Section("Graph", graphs=(graph,))))


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_same_report_gives_the_same_bytes(name: str) -> None:
    report = with_graph(create_report(*HOSTILE, signed=True))
    assert FORMATS[name].render(report) == FORMATS[name].render(report)


def test_graph_comes_by_itself_with_hostile_names_made_harmless() -> None:
    report = with_graph(create_report())
    assert list_formats(report) == list(FORMATS)
    drawing = render_report(report, "svg")
    assert not etree.fromstring(drawing).findall(".//{*}script")
    assert "\u202e" not in drawing.decode()
    graph = networkx.parse_graphml(render_report(report, "graphml").decode())
    assert graph.number_of_nodes() == len(HOSTILE)
    assert render_report(report, "dot").startswith(b"digraph")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("svg", "This report draws no graph; there are html"),
        ("junit", "“junit” is for findings, which this report has none of"),
        ("github", "“github” is for the findings in an object"),
        ("docx", "There is no format “docx” here"),
    ],
)
def test_format_that_a_report_cannot_have_is_refused_with_the_reason(name: str, said: str) -> None:
    with pytest.raises(NoSuchFormatError, match=said):
        render_report(replace(create_report(), findings=None), name)


def test_json_is_as_its_schema_says() -> None:
    body = json.loads(FORMATS["json"].render(create_report(*HOSTILE)))
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(body)
    assert body["tables"]["findings"][0]["verdict"] == "refused"
    assert {"name": "kfmap", "value": __version__} in body["provenance"]


def test_csv_has_the_first_table_without_formulas() -> None:
    text = FORMATS["csv"].render(create_report("=1+1")).decode()
    head, row = csv.reader(io.StringIO(text))
    assert (head, row) == (["kfunc", "verdict", "line"], ["'=1+1", "refused", "12"])


def test_markdown_keeps_names_from_being_html() -> None:
    text = FORMATS["markdown"].render(create_report(*HOSTILE)).decode()
    assert "<script>" not in text and "\u202e" not in text
    assert "| kfunc | verdict | line |" in text


def test_findings_are_read_by_code_review_tools_with_hostile_names_made_harmless() -> None:
    report = create_report(*HOSTILE)
    log = json.loads(render_report(report, "sarif"))
    validate_sarif(log)
    results = log["runs"][0]["results"]
    assert [row.get("baselineState") for row in results[:4]] == [None, "new", "unchanged", "absent"]
    assert results[0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 12}
    assert "\u202e" not in str(log)


def test_findings_are_cases_of_ci_and_what_is_new_and_grave_fails() -> None:
    root = etree.fromstring(render_report(create_report(*HOSTILE), "junit"))
    cases = root.findall(".//testcase")
    assert [[child.tag for child in case] for case in cases[:4]] == [
        ["failure"],
        ["failure"],
        ["skipped"],
        [],
    ]
    totals = [sum(int(suite.get(name)) for suite in root) for name in ("tests", "failures")]
    assert totals == [len(cases), len(root.findall(".//failure"))]
    assert "\u202e" not in etree.tostring(root, encoding="unicode")
    nothing = etree.fromstring(render_report(replace(create_report(), findings=()), "junit"))
    assert [case.get("name") for case in nothing.iter("testcase")] == ["nothing was found"]
