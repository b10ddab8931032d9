"""Brackets: where they open and close, and what is outside them."""

from __future__ import annotations

import pytest

from kfmap.kernel.brackets import find_opening, split_arguments, split_outside


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a, b", ["a", "b"]),
        ("a(b, c), [d, e], {f, g}, h", ["a(b, c)", "[d, e]", "{f, g}", "h"]),
        ("a,, b,", ["a", "b"]),
        ("a, b) c, d", ["a", "b"]),
        ("", []),
    ],
)
def test_a_text_is_split_outside_brackets(text: str, parts: list[str]) -> None:
    assert split_outside(text, ",").texts == parts


def test_parts_know_where_they_stand_and_what_ends_them() -> None:
    parts, end = split_outside("f( a ; b )x", ";", 2)
    assert [(part.offset, part.text) for part in parts] == [(3, "a"), (7, "b")]
    assert end == 9


def test_arguments_keep_their_places() -> None:
    assert split_arguments("f(a, , g(b, c)) + 1", 2) == ["a", "", "g(b, c)"]
    assert split_arguments("f(a, b", 2) == []


def test_the_opening_parenthesis_is_found() -> None:
    text = "f(a(b)(c))"
    assert find_opening(text, len(text) - 1) == 1
    assert find_opening("a)", 1) == -1
