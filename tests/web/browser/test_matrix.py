"""The matrix is filtered, moved in, opened and shared."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.browser.names import MOVE

pytestmark = pytest.mark.browser


def test_matrix_is_filtered_moved_in_opened_and_shared(page: Page, browser: Browser) -> None:
    page.goto("/kernels/7.3/matrix/")
    page.get_by_label("Kfuncs or sets").fill("dsq_move_to_local")
    page.get_by_label("Contexts", exact=True).fill("sched_ext_ops.")
    expect(page.locator(".matrix-tools output")).to_have_text(re.compile(r"2 × \d+ shown"))
    page.get_by_label("Contexts", exact=True).press("Enter")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    panel = page.get_by_role("complementary", name="Cell")
    expect(panel).to_contain_text("sched_ext_ops.dispatch")
    expect(panel).to_contain_text("On every kernel")
    expect(page).to_have_url(re.compile("cell="))
    shared = page.context.new_page()
    shared.goto(page.url)
    expect(shared.get_by_role("complementary", name="Cell")).to_contain_text("dispatch")
    expect(shared.get_by_label("Kfuncs or sets")).to_have_value("dsq_move_to_local")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()


def test_the_cell_asked_for_stays_in_sight_beside_its_panel(page: Page) -> None:
    for column in ("sched_ext_ops.select_cpu", "sched_ext_ops.yield", "xdp"):
        name = column if "." not in column else f"struct_ops:{column}"
        page.goto(f"/kernels/7.3/matrix/?cell={name}+bpf_dynptr_from_skb")
        expect(page.get_by_role("complementary", name="Cell")).to_be_visible()
        expect(page.locator("td.current")).to_be_in_viewport(ratio=1)
        expect(page.locator(".grid .turned.lit")).to_have_text(column.rpartition(".")[2])
        expect(page.locator(".grid tr.lit th")).to_have_text("bpf_dynptr_from_skb")


def test_matrix_shows_every_cell_the_server_decided(page: Page) -> None:
    page.goto("/kernels/6.18/matrix/?rows=scx_bpf_dsq_insert&cols=sched_ext_ops")
    page.locator("#matrix[data-ready]").wait_for()
    row = page.get_by_role("row").filter(
        has=page.locator("th", has_text=re.compile("^scx_bpf_dsq_insert$"))
    )
    signs = row.locator("td.cell").all_text_contents()
    heads = [text.strip() for text in page.locator(".grid .turned").all_text_contents()]
    cells = dict(zip(heads, signs, strict=True))
    assert cells["enqueue"] == "✓"
    assert cells["running"] == "!"


def test_matrix_merges_equal_columns_and_orders_by_similarity(page: Page) -> None:
    page.goto("/kernels/7.3/matrix/?rows=scx_kfunc_ids&cols=sched_ext_ops")
    output = page.locator(".matrix-tools output")
    before = output.text_content()
    page.get_by_label("Merge equal columns and rows").check()
    expect(output).not_to_have_text(before or "")
    expect(page.locator(".grid .turned").filter(has_text="+").first).to_be_visible()
    page.get_by_label("Order").select_option("similar")
    expect(page).to_have_url(re.compile("sort=similar"))
    expect(page.locator(".grid tbody th").first).not_to_have_text("")


def test_matrix_scrolls_through_every_row_with_few_cells(page: Page) -> None:
    page.goto("/kernels/7.3/matrix/")
    page.locator(".grid td.current").focus()
    page.keyboard.press("Control+End")
    expect(page.locator(".grid td.current")).to_be_focused()
    last = int(page.locator(".grid tr").last.get_attribute("aria-rowindex") or 0)
    assert last == int(page.locator(".grid").get_attribute("aria-rowcount") or 0)
    assert page.locator(".grid td").count() < 2500


def test_matrix_shows_only_what_is_allowed_and_what_may_be_called_asleep(page: Page) -> None:
    page.goto("/kernels/7.3/matrix/?rows=scx_bpf_create_dsq&cols=sched_ext_ops.")
    output = page.locator(".matrix-tools output")
    expect(output).to_have_text(re.compile(r"^1 × \d\d shown$"))
    page.get_by_label("Only what is allowed").check()
    expect(page.locator(".matrix-nothing")).to_contain_text("may be called from")
    page.get_by_label("Programs that may sleep").check()
    expect(output).to_have_text(re.compile(r"^1 × 1\d shown$"))
    assert set(page.locator(".grid td.cell").all_text_contents()) == {"✓"}
    page.locator(".grid td.cell").first.click()
    expect(page.get_by_role("complementary", name="Cell")).to_contain_text(
        "struct_ops.s:sched_ext_ops."
    )
    expect(page).to_have_url(re.compile("only=1&sleep=1"))


def test_heads_of_the_matrix_lead_to_their_pages(page: Page) -> None:
    page.goto(f"/kernels/7.3/matrix/?rows={MOVE}&cols=sched_ext_ops.dispatch")
    page.locator(".grid thead").get_by_role("link", name="dispatch").click()
    page.wait_for_url(re.compile("/struct-ops/sched_ext_ops/dispatch/$"))
    page.go_back()
    page.locator(".grid tbody").get_by_role("link", name=MOVE, exact=True).click()
    page.wait_for_url(re.compile(f"/kfuncs/{MOVE}/$"))
    page.goto("/kernels/7.3/matrix/?rows=bpf_dynptr_from_xdp&cols=xdp")
    page.locator(".grid thead").get_by_role("link", name="xdp", exact=True).click()
    page.wait_for_url(re.compile("/contexts/xdp/$"))


def test_matrix_with_nothing_to_show_says_so(page: Page) -> None:
    page.goto("/kernels/7.3/matrix/?rows=zzz")
    expect(page.locator(".matrix-nothing")).to_contain_text("No kfunc and no set has that")
    expect(page.locator(".matrix-tools output")).to_have_text("0 shown")
    page.get_by_role("button", name="Show everything").click()
    expect(page.locator(".matrix-tools output")).to_have_text("351 × 184 shown")
    expect(page.locator(".grid td.cell").first).to_be_visible()


def test_helpers_are_chosen_and_a_cell_of_theirs_is_opened(page: Page) -> None:
    page.goto("/kernels/7.3/matrix/?cols=xdp")
    page.get_by_label("Kind").select_option("helper")
    expect(page).to_have_url(re.compile("kind=helper"))
    page.get_by_label("Helpers").fill("xdp_adjust_head")
    expect(page.locator("output")).to_contain_text("1 ×")
    page.locator("tbody td.cell").first.click()
    expect(page.locator(".matrix-panel")).to_contain_text("xdp programs get bpf_xdp_adjust_head")
    expect(page.locator(".matrix-panel .chip").first).to_have_text("helper")
    page.reload()
    expect(page.locator(".matrix-panel")).to_contain_text("bpf_xdp_adjust_head")


def test_on_a_phone_the_panel_comes_into_sight_at_a_tap(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/kernels/7.3/matrix/?rows=scx_bpf_dsq&cols=sched_ext_ops.")
    page.locator(".grid td.cell").first.click()
    expect(page.locator("#answer-says")).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#matrix .matrix-tools")).to_be_in_viewport()


def test_matrix_can_be_read_without_javascript(plain: Page) -> None:
    plain.goto("/kernels/7.3/matrix/")
    plain.locator("#n-group").select_option("sched_ext_ops")
    plain.locator("#n-rows").fill("dsq_move")
    plain.get_by_role("button", name="Show").click()
    row = plain.get_by_role("row").filter(has_text=MOVE).first
    row.locator(".cell-allowed").first.click()
    expect(plain.locator(".answer-allowed")).to_contain_text("dispatch")
