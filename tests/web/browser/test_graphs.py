"""Graphs are searched, isolated and saved."""

from __future__ import annotations

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


def test_way_between_two_nodes_is_shown(page: Page) -> None:
    page.goto("/kernels/7.3/graphs/callbacks/sched_ext_ops/")
    page.locator(".kf-callback").filter(has_text="dispatch").first.focus()
    page.keyboard.press("Enter")
    page.get_by_label("Way to").select_option(label="scx_kfunc_ids_dispatch")
    expect(page.get_by_role("status")).to_contain_text("→ scx_kfunc_ids_dispatch")


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
    page.goto("/kernels/7.3/graphs/callbacks/sched_ext_ops/")
    assert page.locator(".graph-view").evaluate(whole)
    page.get_by_role("button", name="Zoom in").click()
    assert not page.locator(".graph-view").evaluate(whole)
    page.get_by_role("button", name="Fit").click()
    assert page.locator(".graph-view").evaluate(whole)
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    zoom = "(svg) => svg.clientWidth / svg.viewBox.baseVal.width"
    assert page.locator(".graph-view svg").evaluate(zoom) > 0.44  # to be scrolled, but read
