"""Workbooks hold every table, and texts that would be formulas as texts."""

from __future__ import annotations

import pytest

from kfmap.reports.document import Table
from kfmap.reports.xlsx import render_xlsx
from tests.reports.opening import HOSTILE, create_report, read_workbook


def test_sheets_are_the_summary_and_the_tables() -> None:
    sheets = read_workbook(render_xlsx(create_report()))
    assert list(sheets) == ["summary", "findings", "calls -scx_bpf_toy-"]
    assert sheets["summary"][0] == ("report", "Report on scx_bpf_toy")
    assert ("object", "ab" * 32) in sheets["summary"]
    assert sheets["findings"] == [("kfunc", "verdict", "line"), ("scx_bpf_toy", "refused", 12)]
    assert sheets["calls -scx_bpf_toy-"][1:] == [("scx_bpf_toy", True), (None, False)]


@pytest.mark.parametrize("name", [*HOSTILE, "@SUM(A1)", "+1", "-1", "http://x.example/", "007"])
def test_names_stay_texts(name: str) -> None:
    data = render_xlsx(create_report(name))
    assert isinstance(read_workbook(data)["findings"][1][0], str)
    assert "\u202e".encode() not in data


def test_long_and_equal_names_of_sheets_are_told_apart() -> None:
    report = create_report()
    table = Table("x" * 40, ("a",), ())
    several = type(report)(
        report.kind, report.title, (), (), (table, table, Table("", ("a",), ())), ()
    )
    names = list(read_workbook(render_xlsx(several)))
    assert names == ["summary", "x" * 28, f"{'x' * 28} 2", "sheet"]
