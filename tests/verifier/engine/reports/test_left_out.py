"""A program that its loader leaves out counts neither as passing nor as failing, in any format."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from xml.etree import ElementTree

from tests.verifier.checked import create_checked, create_finding
from verifier.engine.judging.compare import loads
from verifier.engine.reports import RENDERERS, CheckedObject
from verifier.engine.reports.model import is_bad
from verifier.engine.result import LEFT_OUT, PASSES, ObjectVerdict, ProgramVerdict


def _object() -> CheckedObject:
    """Make an object with a program that passes and one that is left out."""
    finding = replace(create_finding("left_out", ""), path=(), source=None)
    programs = (
        ProgramVerdict("first", PASSES, (), (), ()),
        ProgramVerdict("second", LEFT_OUT, (finding,), (), ()),
    )
    return replace(create_checked(), verdicts=(ObjectVerdict("7.2", programs),), unchecked=())


def test_the_object_loads() -> None:
    [verdict] = _object().verdicts
    assert loads(program.verdict for program in verdict.programs)
    assert not is_bad(_object())


def test_text_counts_it_apart() -> None:
    text = RENDERERS["text"].render([_object()])
    assert "7.2 ✓ (1 program left out by the loader)" in text
    assert "1. Left out: toy_filter refuses" in text


def test_json_keeps_the_four_words() -> None:
    [obj] = json.loads(RENDERERS["json"].render([_object()]))["objects"]
    told = [(item["verdict"], item["left_out"]) for item in obj["verdicts"]]
    assert told == [("passes", False), ("refused", True)]
    assert obj["span"]["first"] == "7.2"


def test_junit_skips_it() -> None:
    root = ElementTree.fromstring(RENDERERS["junit"].render([_object()]))
    suite = root.find("testsuite")
    assert suite is not None
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "1")


def test_sarif_notes_it() -> None:
    [run] = json.loads(RENDERERS["sarif"].render([_object()]))["runs"]
    assert [result["level"] for result in run["results"]] == ["note"]


def test_csv_and_markdown_name_it() -> None:
    rows = list(csv.DictReader(io.StringIO(RENDERERS["csv"].render([_object()]))))
    assert [row["verdict"] for row in rows] == ["passes", "left_out"]
    assert "| second | left out by its loader |" in RENDERERS["markdown"].render([_object()])
