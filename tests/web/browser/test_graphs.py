"""Graphs are searched, isolated and saved."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.web.browser.names import MOVE

pytestmark = pytest.mark.browser


def test_kfunc_is_isolated_in_the_graph_by_keyboard(page: Page) -> None:
    page.goto("/kernels/7.3/graphs/callbacks/sched_ext_ops/")
    page.get_by_label("Find").fill(MOVE)
    page.get_by_label("Find").press("Enter")
    expect(page.locator(".kf-chosen")).to_contain_text(MOVE)
    expect(page.get_by_role("status")).to_contain_text("is reached by")
    faded = page.locator(".kf-node.kf-far").count()
    assert 0 < faded < page.locator(".kf-node").count()
    page.get_by_label("what it reaches", exact=True).check()
    expect(page.get_by_role("status")).to_contain_text("reaches 0")
    page.keyboard.press("Escape")
    expect(page.locator(".kf-far")).to_have_count(0)


def test_the_very_name_goes_before_names_that_hold_it(page: Page) -> None:
    page.goto("/kernels/7.3/graphs/callbacks/sched_ext_ops/")
    for name in ("dispatch", "enqueue"):
        page.get_by_label("Find").fill(name)
        page.get_by_label("Find").press("Enter")
        assert name in (page.locator(".kf-chosen").get_attribute("data-names") or "").split("|")
        expect(page.locator(".kf-chosen")).to_have_class(re.compile("kf-callback"))
        expect(page.locator(".kf-chosen")).to_be_in_viewport()


def test_isolated_nodes_move_together_and_lead_to_their_pages(page: Page) -> None:
    page.goto("/kernels/7.3/graphs/callbacks/sched_ext_ops/")
    height = "(svg) => svg.viewBox.baseVal.height"
    drawing = page.locator(".graph-view svg")
    whole = drawing.evaluate(height)
    page.get_by_label("Find").fill("scx_bpf_reenqueue_local")
    page.get_by_label("Find").press("Enter")
    assert drawing.evaluate(height) < whole
    expect(page.locator(".kf-node.kf-far").first).to_be_hidden()
    page.locator(".graph-pages").get_by_role("link", name="scx_bpf_reenqueue_local").click()
    page.wait_for_url(re.compile("/kfuncs/scx_bpf_reenqueue_local/$"))
    page.go_back()
    expect(page.locator(".kf-chosen")).to_contain_text("scx_bpf_reenqueue_local")
    expect(page.locator(".kf-chosen")).to_be_in_viewport()
    page.get_by_role("button", name="Show all").click()
    assert drawing.evaluate(height) == whole
    expect(page.locator(".kf-far")).to_have_count(0)


def test_what_is_shown_of_a_graph_stands_in_the_address(page: Page) -> None:
    page.goto("/kernels/7.3/graphs/callbacks/sched_ext_ops/")
    page.locator(".kf-callback").filter(has_text="dispatch").first.focus()
    page.keyboard.press("Enter")
    page.get_by_label("what it reaches", exact=True).check()
    page.get_by_label("Path to").select_option(label="scx_kfunc_ids_dispatch")
    expect(page).to_have_url(re.compile(r"\?node=.*&to=.*&show=reaches|\?node=.*&show=reaches&to="))
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("→ scx_kfunc_ids_dispatch")
    expect(page.get_by_label("what it reaches", exact=True)).to_be_checked()


def test_way_between_two_nodes_is_shown(page: Page) -> None:
    page.goto("/kernels/7.3/graphs/callbacks/sched_ext_ops/")
    page.locator(".kf-callback").filter(has_text="dispatch").first.focus()
    page.keyboard.press("Enter")
    page.get_by_label("Path to").select_option(label="scx_kfunc_ids_dispatch")
    expect(page.get_by_role("status")).to_contain_text("→ scx_kfunc_ids_dispatch")


def test_only_what_is_not_allowed_is_shown_and_stands_in_the_address(page: Page) -> None:
    page.goto("/kernels/7.3/graphs/callbacks/sched_ext_ops/")
    page.get_by_label("only what is not allowed").check()
    expect(page.get_by_role("status")).to_contain_text("lead to what is not allowed")
    left = page.locator(".kf-edge:not(.kf-far)")
    assert 0 < left.count() < page.locator(".kf-edge[data-from]").count()
    expect(page.locator(".kf-edge.kf-near.kf-allowed")).to_have_count(0)
    page.reload()
    expect(page.get_by_label("only what is not allowed")).to_be_checked()
    expect(page.locator(".kf-node.kf-far").first).to_be_hidden()
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".kf-far")).to_have_count(0)


def test_graph_is_saved_as_a_picture(page: Page) -> None:
    page.goto("/kernels/7.3/graphs/classes/sched_ext_ops/")
    with page.expect_download() as download:
        page.get_by_role("link", name="PNG").click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


def test_graph_opens_whole_where_it_can_be_read_then(page: Page) -> None:
    whole = (
        "(view) => view.scrollHeight <= view.clientHeight && view.scrollWidth <= view.clientWidth"
    )
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/kernels/7.3/graphs/callbacks/Qdisc_ops/")
    assert page.locator(".graph-view").evaluate(whole)
    page.get_by_role("button", name="Zoom in").click()
    assert not page.locator(".graph-view").evaluate(whole)
    page.get_by_role("button", name="Fit").click()
    assert page.locator(".graph-view").evaluate(whole)
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    zoom = "(svg) => svg.clientWidth / svg.viewBox.baseVal.width"
    assert page.locator(".graph-view svg").evaluate(zoom) > 0.69  # to be scrolled, but read
