"""The handbook as pages: contents, anchors, links; nothing of Markdown is left, nothing runs."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from kfmap.web.handbook.pages import list_slugs, render_page

pytestmark = pytest.mark.django_db


def read(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_contents_lead_to_every_page(client: Client) -> None:
    text = read(client, "/docs/")
    assert all(f'href="/docs/{slug}/"' in text for slug in list_slugs())
    assert 'href="/docs/"' in read(client, "/")


@pytest.mark.parametrize("slug", list_slugs())
def test_page_has_its_title_once_and_every_anchor_it_links_to(client: Client, slug: str) -> None:
    text = read(client, f"/docs/{slug}/")
    assert text.count("<h1") == 1
    anchors = re.findall(r'id="([^"]+)"', text)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(anchors)
    assert ".md" not in re.sub(r"<pre.*?</pre>|<code>.*?</code>", "", text, flags=re.S)


def test_links_to_sections_of_other_pages_are_kept(client: Client) -> None:
    assert 'href="/docs/command-line/#kfmap-verify"' in read(client, "/docs/ci/")


def test_unknown_page_says_which_come_near(client: Client) -> None:
    answer = client.get("/docs/word/")
    assert answer.status_code == 404
    assert 'href="/docs/words/"' in answer.content.decode()


def test_markup_in_a_file_stays_text() -> None:
    page = render_page("x", "# T\n\n<script>alert(1)</script>\n\n```sh\n<b>\n```\n")
    assert "<script>" not in page.html
    assert "&lt;b&gt;" in page.html


def test_tables_and_examples_can_be_reached_and_have_names_of_their_own() -> None:
    table = "\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    page = render_page("x", f"# Title\n{table}\n{table}\n```\none\n```\n")
    assert re.findall(r'aria-label="([^"]+)"', page.html) == [
        "Table 1 of Title",
        "Table 2 of Title",
        "Example 1 of Title",
    ]
    assert page.html.count('tabindex="0"') == 3
