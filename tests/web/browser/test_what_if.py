"""Mechanisms are compared, a kernel is edited, the variant kept, compared and checked."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.server.process import Up
from tests.web.browser.names import OBJECT
from tests.web.browser.test_every_page import check

pytestmark = pytest.mark.browser
RUNNING = "sched_ext_ops.running"


def test_mechanisms_are_compared_down_to_a_cell(page: Page) -> None:
    page.goto("/kernels/6.18/")
    tabs = page.get_by_role("navigation", name="Pages of this kernel")
    tabs.get_by_role("link", name="Mechanisms").click()
    table = page.get_by_role("region", name="Mechanisms", exact=True)
    late = table.get_by_role("row").filter(has_text="Run-time masks").get_by_role("cell").nth(2)
    assert int((late.text_content() or "").replace(",", "")) > 200
    page.get_by_label("Contexts of").select_option("all members")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(re.compile("scope="))
    wrong = table.get_by_role("row").filter(has_text="Program type only").get_by_role("cell").first
    assert int((wrong.text_content() or "").replace(",", "")) > 200
    page.locator("#m1").get_by_role("link", name=re.compile("→")).first.click()
    told = page.get_by_role("region", name="What each mechanism says").get_by_role("row")
    expect(told.filter(has_text="Program type only")).to_contain_text("allowed")
    expect(told.filter(has_text="Filter with struct_ops context")).to_contain_text("refused")
    check(page)
    page.get_by_role("link", name="The kernel's answer with all its reasons").click()
    expect(page.locator(".answer-fails_at_run_time, .answer-refused")).to_be_visible()


def test_a_square_of_the_picture_leads_to_its_cell(page: Page) -> None:
    page.goto("/kernels/7.3/mechanisms/?scope=sched_ext_ops")
    picture = page.get_by_role("region", name="The mechanisms as a picture")
    row = picture.get_by_role("row").filter(has_text="scx_bpf_reenqueue_local")
    expect(row.get_by_role("link", name="refuses late")).to_have_count(5)
    row.get_by_role("link", name="lets pass too much").first.focus()
    page.keyboard.press("Enter")
    told = page.get_by_role("region", name="What each mechanism says").get_by_role("row")
    expect(told.filter(has_text="Program type only")).to_contain_text("allowed")
    expect(told.filter(has_text="The kernel itself")).to_contain_text("refused")
    expect(page.get_by_label("Kfunc", exact=True)).to_have_value("scx_bpf_reenqueue_local")


def change_row(page: Page) -> None:
    """Let `running` do what `dispatch` may, by its row of the filter's table."""
    page.goto("/kernels/7.3/what-if/")
    card = page.locator("article").filter(has_text="scx_kf_allow_flags")
    card.get_by_label("Member").select_option("running")
    card.get_by_label("SCX_KF_ALLOW_DISPATCH").check()
    card.get_by_role("button", name="Change the row").click()


def test_edit_flips_cells_and_its_address_is_the_draft(page: Page, browser: Browser) -> None:
    change_row(page)
    expect(page.get_by_text(re.compile(r"^[\d,]+ cells flip"))).to_be_visible()
    cells = page.get_by_role("region", name="Cells that flip").get_by_role("row")
    flipped = cells.filter(has_text="scx_bpf_dsq_move_to_local")
    expect(flipped.first).to_contain_text("sched_ext_ops.running")
    expect(page).to_have_url(re.compile("edits="))
    colleague = page.context.new_page()
    colleague.goto(page.url)
    expect(colleague.get_by_text("scx_kf_allow_flags[running]")).to_be_visible()
    check(colleague)
    page.get_by_role("link", name=re.compile("^Take back")).click()
    expect(page.get_by_text("No edits yet.")).to_be_visible()


def test_flags_that_a_row_has_are_ticked(page: Page, plain: Page) -> None:
    for one, show in ((page, False), (plain, True)):
        one.goto("/kernels/7.3/what-if/")
        card = one.locator("article").filter(has_text="Change a row of scx_kf_allow_flags")
        for member in ("dispatch", "running", "enqueue"):
            card.get_by_label("Member").select_option(member)
            if show:
                card.get_by_role("button", name="Show its flags").click()
                one.wait_for_url(re.compile(f"member={member}"))
            row = card.locator("li").filter(has_text=re.compile(f"^{member}: "))
            names = "".join(row.all_text_contents()).partition(": ")[2].split(" | ")
            flags = sorted(filter(None, names))
            boxes = card.get_by_role("checkbox", checked=True)
            expect(boxes).to_have_count(len(flags))
            assert [box.get_attribute("value") for box in boxes.all()] == flags


def test_tick_of_a_capability_bit_counts_at_once(page: Page) -> None:
    page.goto("/kernels/7.3/what-if/")
    page.get_by_role("button", name="Use capability bits").click()
    expect(page.get_by_text("0 cells flip")).to_be_visible()
    page.get_by_label("Callback", exact=True).fill(RUNNING)
    page.get_by_label("Callback", exact=True).press("Enter")
    bits = page.get_by_role("group", name=f"{RUNNING} holds")
    for name in ("KF_CAP_0", "KF_CAP_3", "KF_CAP_4"):
        bits.get_by_label(name, exact=True).check()
        expect(page.get_by_text(re.compile(f"running holds .*{name}"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"^[1-9][\d,]* cells flip"))).to_be_visible()
    readings = page.get_by_role("region", name="Both readings of these bits")
    wrong = readings.get_by_role("row").filter(has_text="all of").get_by_role("cell").first
    assert int((wrong.text_content() or "").replace(",", "")) > 0
    check(page)


def test_capability_bits_are_changed_without_javascript(plain: Page) -> None:
    plain.goto("/kernels/6.18/what-if/")
    plain.get_by_role("button", name="Use capability bits").click()
    expect(plain.get_by_text("fails at run time").first).to_be_visible()
    plain.get_by_label("Kfunc", exact=True).first.fill("scx_bpf_kick_cpu")
    plain.get_by_role("button", name="Choose").first.click()
    group = plain.get_by_role("group", name="scx_bpf_kick_cpu needs")
    group.get_by_label("(new)").check()
    plain.get_by_role("button", name="Set the bits").click()
    expect(plain.get_by_text(re.compile("^scx_bpf_kick_cpu needs KF_CAP_"))).to_be_visible()
    expect(plain.get_by_text(re.compile(r"^[1-9][\d,]* cells flip"))).to_be_visible()


def test_draft_is_kept_opened_by_its_link_and_uploads_are_checked_on_it(
    signed_in: Page, account: Up
) -> None:
    account.post("/uploads/", {"objects": (OBJECT.name, OBJECT.read_bytes())})
    signed_in.goto("/kernels/7.3/uploads/")
    all_checked = signed_in.locator("#uploads progress[value='100']")
    expect(all_checked).to_be_visible(timeout=120_000)
    change_row(signed_in)
    told = signed_in.get_by_role("region", name="Uploaded programs whose verdict changes")
    expect(told.get_by_role("row").filter(has_text="running").first).to_contain_text(
        re.compile("refused.*passes", re.DOTALL)
    )
    signed_in.get_by_label("Keep as").fill("7.3-running")
    signed_in.get_by_role("button", name="Keep as a variant").click()
    signed_in.wait_for_url("**/kernels/7.3-running/")
    expect(signed_in.get_by_text("A variant of 7.3")).to_be_visible()
    signed_in.get_by_role("link", name="what it changes").click()
    signed_in.wait_for_url("**/compare/7.3/7.3-running/")
    expect(signed_in.get_by_role("heading", name=re.compile("refused → allowed"))).to_be_visible()
    signed_in.goto("/kernels/7.3-running/uploads/")
    ask = signed_in.get_by_role("button", name="Check the uploads on 7.3-running")
    ask.click(timeout=60_000)  # it comes when nobody else is checking
    row = signed_in.get_by_role("row").filter(has_text=OBJECT.name).first
    found = row.filter(has_text=re.compile("running: refused → passes"))
    expect(found).to_be_visible(timeout=60_000)  # as foretold, by a check of the whole object
    check(signed_in)
