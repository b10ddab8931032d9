"""HTML reports are one file that runs and fetches nothing, whatever the names."""

from __future__ import annotations

import pytest

from kfmap.reports.html import render_html
from tests.reports.opening import HOSTILE, create_report, read_page


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_and_nothing_else(name: str) -> None:
    text = render_html(create_report(name, signed=True))
    read_page(text)
    assert "\x1b" not in text and "\u202e" not in text
    assert "<script" not in text


def test_contents_lead_to_every_section() -> None:
    page = read_page(render_html(create_report()))
    targets = [link.lstrip("#") for link in page.xpath("//nav//a/@href")]
    assert targets == ["part-1", "part-2", "sign-off", "provenance"]
    assert all(page.xpath(f"//section[@id='{target}']/h2") for target in targets)


def test_verdicts_have_a_class_for_their_colour() -> None:
    page = read_page(render_html(create_report()))
    assert page.xpath("//td[@class='bad']/text()") == ["refused"]


def test_block_to_sign_is_empty_until_somebody_decides() -> None:
    open_, signed = (render_html(create_report(signed=value)) for value in (False, True))
    assert "Nobody has decided yet." in open_
    assert "Nobody has decided yet." not in signed
    assert "2026-11-02 10:00 UTC" in signed
