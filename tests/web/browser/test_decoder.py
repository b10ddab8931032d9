"""A log is pasted, sent as a file, or tried as a sample; the answer is followed and exported."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.web.browser.keyboard import tab_to

pytestmark = pytest.mark.browser

_REFUSED = (
    "libbpf: prog 'toy_running': -- BEGIN PROG LOAD LOG --\n"
    "; scx_bpf_dsq_insert(p, 0, 0, 0); @ toy.bpf.c:113\n"
    "calling kernel function scx_bpf_dsq_insert is not allowed\n"
)


def test_pasted_log_is_followed_to_its_cell_by_keyboard(page: Page) -> None:
    page.goto("/decode/")
    page.get_by_label("Log or exit message").focus()
    page.keyboard.insert_text(_REFUSED)
    tab_to(page, page.get_by_role("button", name="Decode"))
    page.keyboard.press("Enter")
    answer = page.get_by_role("article", name="calling kernel function scx_bpf_dsq_insert")
    expect(answer).to_contain_text("toy.bpf.c:113: scx_bpf_dsq_insert(p, 0, 0, 0);")
    expect(answer).to_contain_text("only into select_cpu, enqueue and dispatch")
    answer.get_by_role("link", name="This cell on").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/can-call/\?.*kfunc=scx_bpf_dsq_insert"))


def test_file_of_three_megabytes_is_decoded_and_exported(page: Page, tmp_path: Path) -> None:
    log = tmp_path / "toy.log"
    log.write_text("; x = toy(y); @ toy.bpf.c:1\n" * 110_000 + _REFUSED)
    page.goto("/decode/")
    page.get_by_label("Or a file").set_input_files(log)
    page.get_by_role("button", name="Decode").click()
    expect(page.get_by_role("heading", name=re.compile("1 message.*of toy.log"))).to_be_visible()
    with page.expect_download() as started:
        page.get_by_role("button", name="As JSON").click()
    (message,) = json.loads(Path(started.value.path()).read_text())["messages"]
    assert (message["program"], message["line"]) == ("toy_running", 110_003)


def test_sample_works_without_javascript(plain: Page) -> None:
    plain.goto("/decode/")
    plain.get_by_role("link", name="a scheduler that the kernel ended").click()
    expect(plain.get_by_role("article")).to_contain_text("SCX_KF_REST was in force")
    plain.get_by_label("Log or exit message").fill("all is well")
    plain.get_by_role("button", name="Decode").click()
    expect(plain.get_by_text("Nothing recognised.")).to_be_visible()
