"""One kernel of many is picked: found by its name or its group, by keyboard, mouse and ear."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.web.browser.names import DISPATCH, MOVE

pytestmark = pytest.mark.browser


@pytest.fixture
def hundred(page: Page) -> Page:
    """Open the comparison as a map of a hundred kernels more would have it."""
    own = "".join(f"<option>5.{at}-own</option>" for at in range(100))
    group = f'<optgroup label="5 · Gentoo · riscv64">{own}</optgroup></select>'

    def add_many(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("</select>", group, 2))

    page.route(re.compile(r"/compare/$"), add_many)
    page.goto("/compare/")
    expect(page.locator("#new-search")).to_be_visible()
    return page


def test_a_kernel_is_found_among_a_hundred_by_keyboard(hundred: Page) -> None:
    field = hundred.locator("#old-search")
    before = field.input_value()
    field.focus()
    hundred.keyboard.press("ArrowDown")
    found = hundred.locator("#old-search-list li")
    expect(found).to_have_count(hundred.locator("#old option").count())
    chosen = hundred.locator("#old-search-list [aria-selected=true]")
    expect(chosen).to_have_text(re.compile(f"^{before} "))
    hundred.keyboard.type("riscv64 9")
    expect(found).to_have_count(19)
    expect(hundred.get_by_role("status").filter(has_text="19 found")).to_be_attached()
    hundred.keyboard.press("Escape")
    expect(field).to_have_value(before)
    hundred.keyboard.type("nothing")
    expect(hundred.get_by_role("status").filter(has_text="Nothing is called that")).to_be_attached()
    field.fill("")
    hundred.keyboard.type("6.19")
    hundred.keyboard.press("Tab")
    expect(field).to_have_value("6.19")
    hundred.keyboard.type("7.1")
    hundred.keyboard.press("Enter")
    hundred.get_by_role("button", name="Compare").click()
    hundred.wait_for_url("**/compare/6.19/7.1/")


def test_a_kernel_is_picked_with_the_mouse(hundred: Page) -> None:
    field = hundred.locator("#new-search")
    field.click()
    hundred.locator("#new-search-list li", has_text="5.42-own").click()
    expect(field).to_have_value("5.42-own")
    assert hundred.locator("#new").input_value() == "5.42-own"
    field.click()
    hundred.keyboard.type("half a name")
    hundred.get_by_role("heading", level=1).click()
    expect(field).to_have_value("5.42-own")


def test_the_answer_and_its_address_follow_the_picker(page: Page) -> None:
    page.goto(f"/can-call/?kernel=7.3&context={DISPATCH}&kfunc={MOVE}")
    page.locator("#q-kernel-search").fill("rt")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("kernel=7.3-rt"))
    expect(page.locator("#answer")).to_contain_text("on 7.3-rt")


def test_the_matrix_of_another_kernel_keeps_the_question(page: Page) -> None:
    page.goto("/kernels/7.3/matrix/?cols=sched_ext_ops")
    expect(page.locator("#matrix")).to_have_attribute("data-ready", "1")
    page.locator("#m-kernel-search").fill("7.2")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/kernels/7\.2/matrix/\?cols=sched_ext_ops$"))
