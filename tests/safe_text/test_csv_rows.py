"""CSV that no spreadsheet computes."""

from __future__ import annotations

import pytest

from kfmap.safe_text.csv_rows import render_csv


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_text_that_could_be_a_formula_gets_a_quote(start: str) -> None:
    written = render_csv(["name"], [[f"{start}cmd()"]])
    assert written.partition("\n")[2].lstrip('"').startswith(f"'{start}cmd()")


def test_numbers_and_nothing_stay_what_they_are() -> None:
    assert render_csv(("a", "b", "c"), [(-1, None, True)]) == "a,b,c\n-1,,True\n"


def test_commas_quotes_and_lines_stay_in_their_cell() -> None:
    assert render_csv(["a"], [['x,"y"\nz']]) == 'a\n"x,""y""\nz"\n'


def test_what_turns_the_direction_of_writing_is_an_escape() -> None:
    assert render_csv(["a"], [["name\u202egpj.exe\x1b[2J"]]) == "a\nname\\u202egpj.exe\\x1b[2J\n"
