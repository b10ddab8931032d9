"""Questions are asked, followed to the rule that answers, and shared."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.server.process import Up
from tests.web.browser.names import DISPATCH, MOVE
from tests.web.browser.slow_line import Held

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
    expect(answer).to_contain_text("scx_kfunc_context_filter lets")
    answer.get_by_role("link", name=re.compile(r"^kernel.sched.ext.ext\.c:\d+$")).first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/filters/scx_kfunc_context_filter/#L\d+$"))
    expect(page.locator(".rule:target")).to_be_visible()


def test_answer_has_a_link_for_a_colleague(page: Page, server: Up) -> None:
    page.goto(f"/can-call/?kernel=7.3&context={DISPATCH}&kfunc={MOVE}")
    page.get_by_role("link", name="Link to this answer").click()
    expect(page.locator(".answer-allowed")).to_be_visible()
    expect(page).to_have_url(re.compile("kernel=7.3"))


def test_other_kernel_changes_the_answer_in_place(page: Page) -> None:
    page.goto(f"/can-call/?kernel=7.3&context=struct_ops:sched_ext_ops.running&kfunc={MOVE}")
    page.locator("#q-kernel-search").fill("6.18")
    page.keyboard.press("Enter")
    expect(page.locator(".answer-fails_at_run_time")).to_contain_text("fails at run time")
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
    # A new address makes the browser look at the icon of the page again.
    page.on(
        "request", lambda request: asked.append(request.url) if "icon" not in request.url else None
    )
    page.locator("#answer").get_by_role("link").first.focus()
    page.wait_for_timeout(300)
    assert asked == []


def test_question_stands_in_the_address_for_reloads_and_for_going_back(page: Page) -> None:
    page.goto("/kernels/")
    page.get_by_role("link", name="kfmap").click()
    page.get_by_label("Program, attach point or callback").fill(DISPATCH)
    page.get_by_label("Kfunc").press_sequentially(MOVE)
    page.wait_for_url(re.compile(rf"/\?kernel=7\.3&context=.*dispatch&kfunc={MOVE}$"))
    expect(page.locator("#answer .answer-allowed")).to_be_visible()
    page.reload()
    expect(page.locator("#answer .answer-allowed")).to_contain_text(MOVE)
    page.locator("#answer").get_by_role("link", name=MOVE, exact=True).first.click()
    page.wait_for_url(re.compile("/kfuncs/"))
    page.go_back()
    expect(page.locator("#answer .answer-allowed")).to_contain_text(MOVE)
    page.go_back()
    page.wait_for_url(re.compile("/kernels/$"))


def test_question_that_was_typed_before_the_scripts_came_is_asked(page: Page) -> None:
    scripts = Held(page, "**/htmx*.js")
    page.goto("/", wait_until="commit")
    scripts.wait()
    page.get_by_label("Program, attach point or callback").fill(DISPATCH)
    page.get_by_label("Kfunc").fill(MOVE)
    scripts.let_go()
    expect(page.locator("#answer .answer-allowed")).to_contain_text(MOVE)


def test_sleepable_form_is_one_click_away(page: Page) -> None:
    page.goto("/can-call/?kernel=7.3&context=sched_ext_ops.init&kfunc=scx_bpf_create_dsq")
    answer = page.locator(".answer-only_if_sleepable")
    expect(answer).to_contain_text('the program must be sleepable: SEC("struct_ops.s/init")')
    answer.get_by_role("link", name="struct_ops.s:sched_ext_ops.init").click()
    expect(page.locator(".answer-allowed")).to_contain_text("The program must be sleepable.")


def test_ambiguous_name_lists_what_it_may_mean(page: Page) -> None:
    page.goto(f"/can-call/?kernel=7.3&context=enqueue&kfunc={MOVE}")
    candidates = page.get_by_role("alert").get_by_role("link")
    expect(candidates).to_have_text(
        [
            "struct_ops:sched_ext_ops.enqueue",
            "struct_ops:sched_ext_ops_cid.enqueue",
            "struct_ops:Qdisc_ops.enqueue",
        ]
    )
    candidates.first.click()
    expect(page.locator(".answer-refused")).to_contain_text("only into dispatch")


def test_declaration_and_link_are_copied(page: Page, server: Up) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/can-call/?kernel=7.3&context={DISPATCH}&kfunc={MOVE}")
    page.get_by_role("button", name="Copy", exact=True).first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"extern bool {MOVE}(u64 dsq_id) __ksym __weak;"
    page.get_by_role("button", name="Copy the link").click()
    page.wait_for_function("() => navigator.clipboard.readText().then((t) => t.startsWith('http'))")
    link = page.evaluate("navigator.clipboard.readText()")
    page.goto(link)
    expect(page.locator(".answer-allowed")).to_contain_text(MOVE)


@pytest.fixture
def failing(server: Up, browser: Browser) -> Iterator[Page]:
    """Open a window in which the test lets something fail."""
    window = browser.new_page(base_url=server.address)
    yield window
    window.close()


def test_question_that_gets_no_answer_says_so(failing: Page) -> None:
    failing.goto(f"/can-call/?kernel=7.3&context={DISPATCH}&kfunc={MOVE}")
    failing.route("**/can-call/?*", lambda route: route.fulfill(status=404))
    failing.locator("#q-kernel-search").fill("7.2")
    failing.keyboard.press("Enter")
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
    names = Held(failing, "**/names.json")
    failing.goto("/")
    field = failing.get_by_label("Kfunc")
    field.press("d")
    field.press("s")
    names.fail()
    expect(failing.locator("#q-kfunc-list li").first).to_be_visible()
    expect(field).to_have_value("ds")


def test_question_is_answered_without_javascript(plain: Page) -> None:
    plain.goto("/")
    plain.get_by_label("Program, attach point or callback").fill(DISPATCH)
    plain.get_by_label("Kfunc").fill(MOVE)
    plain.get_by_role("button", name="Can I call it?").click()
    expect(plain.locator(".answer-allowed")).to_contain_text(MOVE)
