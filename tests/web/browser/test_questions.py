"""Questions are asked, followed to the rule that answers, and shared."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.server.process import Up
from tests.web.browser.names import DISPATCH, MOVE

pytestmark = pytest.mark.browser


def test_question_is_asked_and_followed_to_the_rule_by_keyboard(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Program, attach point or callback").focus()
    page.keyboard.type("sched_ext_ops.runni")
    expect(page.locator("#q-context-list li").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("dsq_move_to_local")
    expect(page.get_by_role("option", name=MOVE, exact=True)).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    answer = page.locator("#answer .answer-refused")
    expect(answer).to_contain_text("scx_kfunc_context_filter refuses")
    answer.get_by_role("link", name=re.compile(r"ext\.c:\d+")).last.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/filters/scx_kfunc_context_filter/#L\d+$"))
    expect(page.locator(".rule:target")).to_be_visible()


def test_answer_has_a_link_for_a_colleague(page: Page, server: Up) -> None:
    page.goto(f"/can-call/?kernel=7.3&context={DISPATCH}&kfunc={MOVE}")
    page.get_by_role("link", name="Link to this answer").click()
    expect(page.locator(".answer-allowed")).to_be_visible()
    assert "kernel=7.3" in page.url


def test_other_kernel_changes_the_answer_in_place(page: Page) -> None:
    page.goto(f"/can-call/?kernel=7.3&context=struct_ops:sched_ext_ops.running&kfunc={MOVE}")
    page.get_by_label("Kernel").select_option("6.18")
    expect(page.locator(".answer-fails")).to_contain_text("fails at run time")
    page.wait_for_url(re.compile("kernel=6.18"))


def test_last_question_is_answered_where_the_server_is_slow(page: Page) -> None:
    def answer_late(route: Route) -> None:
        time.sleep(0.15)
        route.continue_()

    page.route("**/can-call/?*", answer_late)
    page.goto("/")
    page.get_by_label("Program, attach point or callback").fill(DISPATCH)
    page.get_by_label("Kfunc").press_sequentially(MOVE, delay=90)
    expect(page.locator("#answer")).to_contain_text(f"{DISPATCH} → {MOVE} on")
    page.wait_for_load_state("networkidle")


def test_answer_stays_when_the_field_is_left(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Program, attach point or callback").fill(DISPATCH)
    page.get_by_label("Kfunc").press_sequentially(MOVE)
    expect(page.locator("#answer .answer-allowed")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator("#answer").get_by_role("link").first.focus()
    page.wait_for_timeout(300)
    assert asked == []


@pytest.fixture
def failing(server: Up, browser: Browser) -> Iterator[Page]:
    """Open a window in which the test lets something fail."""
    window = browser.new_page(base_url=server.address)
    yield window
    window.close()


def test_question_that_gets_no_answer_says_so(failing: Page) -> None:
    failing.goto(f"/can-call/?kernel=7.3&context={DISPATCH}&kfunc={MOVE}")
    failing.route("**/can-call/?*", lambda route: route.fulfill(status=404))
    failing.get_by_label("Kernel").select_option("7.2")
    expect(failing.locator("#answer")).to_contain_text("could not be fetched (404)")


def test_names_are_fetched_again_after_a_failure(failing: Page) -> None:
    failing.route("**/names.json", lambda route: route.fulfill(status=404), times=1)
    failing.goto("/")
    field = failing.get_by_label("Kfunc")
    field.press("d")
    expect(field).to_have_value("d")
    field.press("s")
    expect(failing.locator("#q-kfunc-list li").first).to_be_visible()


def test_names_come_although_the_request_that_was_on_its_way_fails(failing: Page) -> None:
    on_its_way: list[Route] = []
    failing.route("**/names.json", lambda route: on_its_way.append(route), times=1)
    failing.goto("/")
    field = failing.get_by_label("Kfunc")
    field.press("d")
    field.press("s")
    failing.wait_for_timeout(100)
    on_its_way[0].fulfill(status=404)
    expect(failing.locator("#q-kfunc-list li").first).to_be_visible()
    expect(field).to_have_value("ds")


def test_question_is_answered_without_javascript(plain: Page) -> None:
    plain.goto("/")
    plain.get_by_label("Program, attach point or callback").fill(DISPATCH)
    plain.get_by_label("Kfunc").fill(MOVE)
    plain.get_by_role("button", name="Can I call it?").click()
    expect(plain.locator(".answer-allowed")).to_contain_text(MOVE)
