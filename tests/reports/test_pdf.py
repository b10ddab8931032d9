"""PDF reports, as poppler reads and draws them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kfmap.reports.pdf import render_pdf
from tests.reports.opening import HOSTILE, create_report, draw_pdf, read_pdf

pytestmark = pytest.mark.poppler


def test_contents_name_the_page_of_each_section(tmp_path: Path) -> None:
    pages = read_pdf(render_pdf(create_report(rows=120)), tmp_path).split("\f")[:-1]
    assert len(pages) > 2
    for number, page in enumerate(pages, 1):
        assert f"page {number} of {len(pages)}" in page
    listed = re.findall(r"^ *(\w[\w-]*)[ .]+(\d+)$", pages[0], re.M)
    assert [name for name, _ in listed] == ["First", "Second", "Sign-off", "Provenance"]
    for name, number in listed:
        assert re.search(rf"^ *{name}$", pages[int(number) - 1], re.M), name


def test_head_of_a_long_table_comes_again_on_every_page(tmp_path: Path) -> None:
    pages = read_pdf(render_pdf(create_report(rows=120)), tmp_path).split("\f")[:-1]
    with_rows = [page for page in pages if "refused  " in page]
    assert len(with_rows) > 1
    assert all(re.search("kfunc +verdict +line", page) for page in with_rows)


def test_block_to_sign_and_what_was_signed(tmp_path: Path) -> None:
    assert "Signature" in read_pdf(render_pdf(create_report()), tmp_path)
    text = read_pdf(render_pdf(create_report(signed=True)), tmp_path)
    assert "Signature" not in text
    assert "scx_bpf_toy: signed off" in text
    assert "2026-11-02 10:00 UTC" in text


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_and_hidden_ones_are_escaped(name: str, tmp_path: Path) -> None:
    text = read_pdf(render_pdf(create_report(name, signed=True)), tmp_path)
    assert "\x1b" not in text and "\u202e" not in text
    shown = {"中\U0001f4a9&amp;": "\\u4e2d\\U0001f4a9&amp;", "evil\x1b[2J": "evil\\x1b[2J"}
    assert shown.get(name, name.replace("\u202e", "\\u202e")) in text


def test_every_page_has_ink_and_keeps_its_margins(tmp_path: Path) -> None:
    for picture in draw_pdf(render_pdf(create_report("x" * 400, rows=60)), tmp_path):
        head, _, rest = picture.partition(b"\n255\n")
        width, height = map(int, head.split()[1:3])
        rows = [rest[at * width : (at + 1) * width] for at in range(height)]
        assert sum(min(row) < 160 for row in rows) > 8  # the last page may be short
        margin = width // 14  # 15 of 210 mm
        assert all(min(row[:margin]) == min(row[-margin:]) == 255 for row in rows)
