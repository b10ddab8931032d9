"""The page of an object with many programs: folded, so that it can be looked over."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.verifier.web.checked_object import create_checked_object
from verifier.engine.result import PASSES, REFUSED, UNKNOWN
from verifier.records.models import Program
from verifier.web.verdict_grid import Cell, Row, build_rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_folder")]


def _page(client: Client, count: int) -> str:
    obj = create_checked_object(*(f"program_{number}" for number in range(count)))
    return client.get(obj.get_absolute_url()).content.decode()


def test_calls_of_many_programs_are_folded_into_one(ada: Client) -> None:
    text = _page(ada, 30)
    assert "<summary>The kfuncs of 30 programs</summary>" in text
    assert 'class="verdicts dense"' in text


def test_a_few_programs_are_shown_at_once(ada: Client) -> None:
    text = _page(ada, 3)
    assert "The kfuncs of" not in text
    assert 'class="verdicts"' in text


def test_a_row_of_a_few_programs_is_as_it_was(ada: Client) -> None:
    text = _page(ada, 8)
    assert len(re.findall('<th scope="row"><div><a href=', text)) == 8
    assert "share a row" not in text


def test_programs_alike_share_a_row_that_unfolds(ada: Client) -> None:
    text = _page(ada, 30)
    assert "Programs with the same verdicts on every kernel share a row." in text
    found = re.search(
        r'<th scope="row" abbr="(.*?)"><details><summary>(.*?)</summary>(.*?)</th>', text, re.S
    )
    assert found
    assert found[1] == found[2] == "29 programs"
    assert re.findall(r">(program_\d+)</a>", found[3]) == [f"program_{at}" for at in range(1, 30)]
    assert re.findall(r'<th scope="row"><div><a href=[^>]*>(\w+)</a>', text) == ["program_0"]


def _rows(*verdicts: tuple[str, str]) -> list[Row]:
    """Return the rows of programs named by their place, from what 7.3 and 7.2 say of each."""
    return build_rows(
        [
            (Program(name=str(at)), [Cell("7.3", new), Cell("7.2", old)])
            for at, (new, old) in enumerate(verdicts)
        ]
    )


def _names(rows: list[Row]) -> list[str]:
    return [" ".join(program.name for program in row.programs) for row in rows]


def test_rows_begin_with_what_fares_worst_on_the_newest_kernel() -> None:
    good, old, bad = (PASSES, PASSES), (PASSES, REFUSED), (REFUSED, PASSES)
    rows = _rows(good, old, bad, good, (UNKNOWN, PASSES), old, good, bad, good)
    assert _names(rows) == ["2 7", "4", "1 5", "0 3 6 8"]
    assert [row.is_folded for row in rows] == [False, False, False, True]


def test_what_fails_on_the_newest_kernel_is_unfolded() -> None:
    refused, passing = _rows(*[(REFUSED, PASSES)] * 5, *[(PASSES, PASSES)] * 5)
    assert (refused.is_folded, refused.is_open) == (True, True)
    assert (passing.is_folded, passing.is_open) == (True, False)


def test_what_fails_is_folded_where_that_says_nothing_or_fills_the_page() -> None:
    (every,) = _rows(*[(REFUSED, REFUSED)] * 9)
    many, _ = _rows(*[(REFUSED, PASSES)] * 9, (PASSES, PASSES))
    assert not every.is_open
    assert not many.is_open


def test_a_cell_of_programs_with_other_causes_leads_to_all_findings() -> None:
    anchors = ["cause-1", "cause-2", *["cause-1"] * 7]
    (row,) = build_rows(
        [
            (Program(name=str(at)), [Cell("7.3", REFUSED, anchor), Cell("7.2", REFUSED, "cause-1")])
            for at, anchor in enumerate(anchors)
        ]
    )
    assert [cell.anchor for cell in row.cells] == ["findings", "cause-1"]


def test_the_heading_of_all_findings_can_be_led_to(ada: Client) -> None:
    assert '<h2 id="findings">' in _page(ada, 9)
