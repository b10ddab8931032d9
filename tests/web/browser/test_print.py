"""What comes out of the printer: no navigation, nothing dark, nothing cut off at the margin."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.server.process import Up
from tests.web.browser.names import MOVE, OBJECT

pytestmark = pytest.mark.browser

A4_WIDTH = 718  # in CSS pixels, without margins
PAGES = [
    "/",
    "/kernels/7.3/",
    f"/kernels/7.3/kfuncs/{MOVE}/",
    "/kernels/7.3/filters/scx_kfunc_context_filter/",
    "/compare/6.19/7.1/",
]


@pytest.fixture
def paper(signed_in: Page) -> Page:
    """Open a window whose reader likes it dark, as paper."""
    signed_in.set_viewport_size({"width": A4_WIDTH, "height": 1040})
    signed_in.emulate_media(media="print", color_scheme="dark")
    return signed_in


def check(paper: Page) -> None:
    """Look for what does not belong on paper."""
    expect(paper.get_by_role("heading", level=1)).to_be_visible()
    assert paper.locator("header.site-header, form, button").locator("visible=true").count() == 0
    background = "getComputedStyle(document.body).backgroundColor"
    assert paper.evaluate(background) == "rgb(255, 255, 255)"
    assert paper.evaluate("document.documentElement.scrollWidth") <= A4_WIDTH


@pytest.mark.parametrize("path", PAGES)
def test_page_fits_on_paper(paper: Page, path: str) -> None:
    paper.goto(path)
    check(paper)


def test_report_of_an_object_fits_on_paper(paper: Page, account: Up) -> None:
    account.post("/uploads/", {"objects": (OBJECT.name, OBJECT.read_bytes())})
    _, uploads = account.get("/uploads/")
    paper.goto("/objects/" + uploads.partition('href="/objects/')[2].partition('"')[0])
    verdict = paper.locator(".verdicts .verdict-refused").first
    expect(verdict).to_have_text("refused", timeout=60_000)
    check(paper)
    sign = "(verdict) => getComputedStyle(verdict, '::before').content"
    assert "✕" in verdict.evaluate(sign)  # which says it where colours are not printed


def test_findings_are_printed_in_full(paper: Page) -> None:
    paper.goto("/kernels/7.3/findings/")
    folded = paper.locator(".findings details p").first
    expect(folded).to_be_visible()
    paper.emulate_media(media="screen")
    expect(folded).to_be_hidden()


def test_matrix_is_printed_with_every_row(page: Page) -> None:
    page.goto("/kernels/7.3/matrix/?cols=sched_ext_ops.")
    page.locator("#matrix[data-ready]").wait_for()
    rows = int(page.locator(".grid").get_attribute("aria-rowcount") or 0)
    shown = page.locator(".grid tr")
    assert shown.count() < rows
    page.emulate_media(media="print")
    expect(shown).to_have_count(rows)
    expect(page.get_by_text("A page has room for 40 columns")).to_be_hidden()
    page.emulate_media(media="screen")
    expect(shown).not_to_have_count(rows)


def test_matrix_comes_out_of_the_printer_across(page: Page) -> None:
    page.goto("/kernels/7.3/matrix/?cols=sched_ext_ops.")
    page.locator("#matrix[data-ready]").wait_for()
    shown = page.locator(".grid tr").count()
    sheets = re.findall(rb"/MediaBox \[0 0 (\d+)\S* (\d+)", page.pdf(prefer_css_page_size=True))
    assert len(sheets) > 5
    assert all(int(width) > int(height) for width, height in sheets)
    assert page.locator(".grid tr").count() == shown  # as before
