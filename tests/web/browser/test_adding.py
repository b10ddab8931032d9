"""A kernel that is being read is cancelled by a click."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

_ENTRIES = 50_000  # some seconds of unpacking: the click comes in the first tenth of them


def _write_long_archive(path: Path) -> Path:
    entry = tarfile.TarInfo("linux/drivers/one.c").tobuf()
    path.write_bytes(gzip.compress(entry * _ENTRIES + bytes(1024), 1))
    return path


def test_a_kernel_that_is_being_read_is_cancelled_by_a_click(
    signed_in: Page, tmp_path: Path
) -> None:
    signed_in.goto("/kernels/add/")
    signed_in.get_by_label("Source").set_input_files(_write_long_archive(tmp_path / "long.tar.gz"))
    signed_in.get_by_role("textbox", name="Name").fill("never-read")
    signed_in.get_by_role("button", name="Add", exact=True).click()
    expect(signed_in.get_by_role("progressbar")).to_be_visible()
    signed_in.get_by_role("button", name="Cancel").click()
    expect(signed_in.get_by_role("status")).to_have_text("It was cancelled.")
    expect(signed_in.get_by_role("button", name="Cancel")).to_have_count(0)
    signed_in.goto("/kernels/add/")
    expect(signed_in.get_by_role("listitem").filter(has_text="never-read")).to_contain_text(
        "cancelled"
    )
    signed_in.goto("/kernels/")
    expect(signed_in.get_by_role("main")).not_to_contain_text("never-read")
