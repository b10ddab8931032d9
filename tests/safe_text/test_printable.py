"""Hidden characters are shown: in one line of text, in a page, in DOT and XML."""

from __future__ import annotations

import pytest

from kfmap.graphs.exports import render_dot, render_graphml
from kfmap.graphs.objects import ObjectNode, build_object_graph
from kfmap.safe_text.printable import printable, reveal_hidden
from kfmap.safe_text.xml import xml_attribute, xml_text

TURNED = "safe\u202egnp.exe"
EVERY_BIDIRECTIONAL = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain → text – it’s", "plain → text – it’s"),
        ("\x1b[2J", r"\x1b[2J"),
        ("two\nlines\t", r"two\nlines\t"),
        (TURNED, r"safe\u202egnp.exe"),
        ("\x9b1m", r"\x9b1m"),
        ("\ud800", r"\ud800"),
        ("\ufeffbom", r"\ufeffbom"),
    ],
)
def test_a_line_has_nothing_in_it_that_cannot_be_seen(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(text).isprintable()


def test_a_page_keeps_its_lines_and_shows_the_rest() -> None:
    page = f"<p>\n\t{TURNED}\x00 – “quoted” …\r\n</p>".encode()
    assert reveal_hidden(page).decode() == (
        "<p>\n\t" + r"safe\u202egnp.exe\x00" + " – “quoted” …\r\n</p>"
    )


@pytest.mark.parametrize("mark", EVERY_BIDIRECTIONAL)
def test_every_mark_of_direction_is_shown_in_lines_and_pages(mark: str) -> None:
    shown = f"\\u{ord(mark):04x}"
    assert printable(mark) == shown
    assert reveal_hidden(mark.encode()) == shown.encode()


def test_xml_is_escaped_and_seen() -> None:
    assert xml_text("<\x00>") == r"&lt;\x00&gt;"
    assert xml_attribute('a"\u202e') == r"'a&quot;\u202e'".replace("&quot;", '"')


def test_graphs_show_hidden_characters_in_every_text_format() -> None:
    graph = build_object_graph("title", [ObjectNode(TURNED, "program", "a\nnote")], [])
    assert TURNED not in render_dot(graph) + render_graphml(graph)
    assert r"safe\\u202egnp.exe\na\\nnote" in render_dot(graph)
    assert r"safe\u202egnp.exe" in render_graphml(graph)
