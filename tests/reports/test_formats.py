"""Every format of a report: the same bytes for the same report, and what programs read."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import jsonschema
import pytest

import kfmap.reports
from kfmap import __version__
from kfmap.reports.formats import FORMATS
from tests.reports.opening import HOSTILE, create_report

SCHEMA = Path(kfmap.reports.__file__).with_name("report.schema.json")


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_same_report_gives_the_same_bytes(name: str) -> None:
    report = create_report(*HOSTILE, signed=True)
    assert FORMATS[name].render(report) == FORMATS[name].render(report)


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
