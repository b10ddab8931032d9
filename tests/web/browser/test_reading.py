"""What a person reads: a comparison, a search, lists, in the theme and the zone that are theirs."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.web.browser.keyboard import tab_to
from tests.web.browser.slow_line import Held

pytestmark = pytest.mark.browser


def test_two_kernels_are_compared_by_keyboard(page: Page) -> None:
    page.goto("/compare/")
    page.locator("#old-search").focus()
    page.keyboard.type("6.19")
    page.keyboard.press("Tab")
    page.keyboard.type("7.1")
    tab_to(page, page.get_by_role("button", name="Compare", exact=True))
    page.keyboard.press("Enter")
    page.wait_for_url("**/compare/6.19/7.1/")
    assert count_refused(page) > 1000


def test_two_kernels_are_compared_without_javascript(plain: Page) -> None:
    plain.goto("/compare/")
    plain.get_by_label("From").select_option("6.19")
    plain.get_by_label("To").select_option("7.1")
    plain.get_by_role("button", name="Compare").click()
    plain.wait_for_url("**/compare/6.19/7.1/")
    assert count_refused(plain) > 1000


def count_refused(page: Page) -> int:
    """Return how many cells a comparison says were allowed and are refused."""
    heading = page.get_by_role(
        "heading", name=re.compile(r"^[\d,]+ cells: allowed → refused")
    ).first
    return int((heading.text_content() or "").partition(" ")[0].replace(",", ""))


def test_search_is_a_key_away(page: Page) -> None:
    page.goto("/kernels/7.3/")
    page.keyboard.press("/")
    expect(page.get_by_label("Search everything")).to_be_focused()
    page.keyboard.type("dsq insert")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="scx_bpf_dsq_insert", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("scx_bpf_dsq_insert")


def test_search_key_and_theme_work_before_the_scripts_of_the_page_came(page: Page) -> None:
    scripts = Held(page, "**/js/site*.js")
    page.goto("/kernels/", wait_until="commit")
    scripts.wait()
    page.locator(".theme-switch").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.keyboard.press("/")
    page.keyboard.type("dsq_move_to_lo")
    scripts.let_go()
    expect(page.get_by_role("option").first).to_contain_text("scx_bpf_dsq_move_to_local")


def test_theme_is_remembered(page: Page) -> None:
    page.goto("/")
    button = page.locator(".theme-switch")
    button.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    button.click()
    page.goto("/kernels/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_times_are_in_the_zone_of_the_reader(page: Page) -> None:
    page.goto("/kernels/")
    time = page.locator("time").first
    assert (time.get_attribute("title") or "").endswith("UTC")
    assert "UTC" not in (time.text_content() or "")


def test_list_of_kfuncs_is_narrowed(page: Page) -> None:
    page.goto("/kernels/7.3/kfuncs/")
    page.get_by_label("Narrow by name, set or flag").fill("dsq insert")
    expect(page.locator("#kfunc-rows tr:visible")).to_have_count(4)


def test_search_suggests_while_typing_and_opens_by_keyboard(page: Page) -> None:
    page.goto("/kernels/")
    page.keyboard.press("/")
    page.keyboard.type("dsq_move_to_lo")
    option = page.get_by_role("option").first
    expect(option).to_contain_text("scx_bpf_dsq_move_to_local")
    expect(option).to_contain_text("kfunc")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/kernels/7.3.*/kfuncs/scx_bpf_dsq_move_to_local/$"))


def test_search_without_a_choice_searches(page: Page) -> None:
    page.goto("/kernels/")
    page.keyboard.press("/")
    page.keyboard.type("KF_RCU")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/search/\?q=KF_RCU$"))
    expect(page.get_by_role("heading", name=re.compile("Kfuncs with this flag"))).to_be_visible()
