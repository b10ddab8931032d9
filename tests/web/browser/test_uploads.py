"""Objects are given to the page and watched until they are checked."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.server.process import Up
from tests.web.browser.conftest import take_session
from tests.web.browser.keyboard import tab_to
from tests.web.browser.names import OBJECT, PASSING
from tests.web.browser.test_every_page import check

pytestmark = pytest.mark.browser

DROP = """(form, [name, code]) => {
    const bytes = Uint8Array.from(atob(code), (letter) => letter.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], name));
    for (const type of ["dragenter", "dragover", "drop"]) {
        form.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
    }
}"""
SLOW = 60_000


def write_copy(folder: Path, name: str, origin: Path = OBJECT) -> Path:
    """Write the object once more, with another hash: nobody has checked it yet."""
    path = folder / f"{name}.bpf.o"
    path.write_bytes(origin.read_bytes() + name.encode())
    return path


def test_dropped_object_is_watched_until_it_is_checked(signed_in: Page, tmp_path: Path) -> None:
    file = write_copy(tmp_path, "dropped")
    signed_in.goto("/uploads/")
    loads: list[str] = []
    signed_in.on("load", lambda page: loads.append(page.url))
    code = base64.b64encode(file.read_bytes()).decode()
    signed_in.locator("form[data-drop]").evaluate(DROP, [file.name, code])
    signed_in.wait_for_url("**/objects/*/")
    expect(signed_in.get_by_role("heading", level=1)).to_have_text("dropped.bpf.o")
    expect(signed_in.locator(".verdicts .verdict-passes").first).to_be_visible(timeout=SLOW)
    expect(signed_in.get_by_role("heading", name="Findings", exact=True)).to_be_visible()
    assert len(loads) == 1  # what came after the upload came into the page


def test_object_is_chosen_and_sent_by_keyboard(signed_in: Page, tmp_path: Path) -> None:
    signed_in.on("filechooser", lambda chooser: None)  # caught from before the page is there
    signed_in.goto("/uploads/")
    signed_in.get_by_label("Drop files here, or choose them").focus()
    with signed_in.expect_file_chooser() as chooser:
        signed_in.keyboard.press("Space")
    chooser.value.set_files(write_copy(tmp_path, "chosen"))
    tab_to(signed_in, signed_in.get_by_role("button", name="Check", exact=True))
    signed_in.keyboard.press("Enter")
    signed_in.wait_for_url("**/objects/*/")
    expect(signed_in.locator(".verdicts .verdict-passes").first).to_be_visible(timeout=SLOW)


def test_an_object_is_signed_off_by_keyboard(signed_in: Page, tmp_path: Path) -> None:
    signed_in.goto("/uploads/")
    signed_in.locator("input[type=file]").set_input_files(write_copy(tmp_path, "reviewed", PASSING))
    signed_in.get_by_role("button", name="Check", exact=True).click()
    expect(signed_in.locator(".verdicts .verdict-passes").first).to_be_visible(timeout=SLOW)
    signed_in.get_by_label("Sign off").focus()
    signed_in.keyboard.press("Space")
    tab_to(signed_in, signed_in.get_by_label("Comment", exact=True))
    signed_in.keyboard.type("Looked at every finding.")
    tab_to(signed_in, signed_in.get_by_role("button", name="Send", exact=True))
    signed_in.keyboard.press("Enter")
    review = signed_in.locator(".review")
    expect(review).to_contain_text("signed off")
    expect(review).to_contain_text("Looked at every finding.")
    check(signed_in)
    signed_in.goto("/uploads/")
    row = signed_in.get_by_role("row").filter(has_text="reviewed.bpf.o")
    expect(row.get_by_role("link", name="signed off")).to_be_visible()


def test_several_objects_are_watched_together(signed_in: Page, tmp_path: Path) -> None:
    signed_in.goto("/uploads/")
    files = [write_copy(tmp_path, "one"), write_copy(tmp_path, "two")]
    signed_in.locator("input[type=file]").set_input_files(files)
    signed_in.get_by_role("button", name="Check", exact=True).click()
    signed_in.wait_for_url("**/uploads/*/")
    expect(signed_in.locator("progress").first).to_be_visible()
    expect(signed_in.locator("progress")).to_have_count(0, timeout=SLOW)
    expect(signed_in.locator(".files .progress")).to_have_count(2)


def test_object_is_checked_without_javascript(plain: Page, account: Up, tmp_path: Path) -> None:
    take_session(plain.context, account)
    plain.goto("/uploads/")
    plain.locator("input[type=file]").set_input_files(write_copy(tmp_path, "plain"))
    plain.get_by_role("button", name="Check", exact=True).click()
    plain.wait_for_url("**/objects/*/")
    again = plain.get_by_role("link", name="Look again")
    while again.is_visible():
        again.click()
    expect(plain.locator(".verdicts .verdict-passes").first).to_be_visible()
