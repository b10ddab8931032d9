"""Counts are written alike wherever a page shows them."""

from __future__ import annotations

import pytest

from kfmap.web.templatetags.numbers import grouped


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (999, "999"), (1350, "1,350"), (50544, "50,544"), ("", ""), (None, "")],
)
def test_thousands_stand_apart(number: int | str | None, text: str) -> None:
    assert grouped(number) == text
