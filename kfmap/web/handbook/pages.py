"""The pages of the handbook: Markdown files, rendered once per process.

`README.md` is the list of contents, for readers of the repository as well; the order of its links
is the order of the pages. A link from one file to another becomes the address of its page, and
headings have the anchors that hosting sites give them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from django.urls import reverse
from django.utils.html import escape, format_html
from markdown_it import MarkdownIt
from markdown_it.token import Token

FOLDER = Path(__file__).parents[2] / "docs"
CONTENTS = "README"
_LINK = re.compile(r"([\w-]+)\.md(#[\w-]+)?\Z")
_LISTED = re.compile(r"\(([\w-]+)\.md\)")


@dataclass(frozen=True, slots=True)
class Heading:
    """A section of a page; `anchor` is the id of its heading."""

    title: str
    anchor: str


@dataclass(frozen=True, slots=True)
class HandbookPage:
    """A page: its name in the address, its title, its HTML below the title, its sections."""

    slug: str
    title: str
    html: str
    headings: tuple[Heading, ...]


def list_slugs() -> list[str]:
    """Return the names of all pages, in the order of the list of contents."""
    return list(dict.fromkeys(_LISTED.findall((FOLDER / f"{CONTENTS}.md").read_text())))


@cache
def load_page(slug: str) -> HandbookPage:
    """Return a page by its name, CONTENTS for the list of contents. Raises KeyError."""
    if slug != CONTENTS and slug not in list_slugs():
        raise KeyError(slug)
    return render_page(slug, (FOLDER / f"{slug}.md").read_text())


def render_page(slug: str, text: str) -> HandbookPage:
    """Return the page that a file makes; its first heading is the title."""
    tokens = _MARKDOWN.parse(text)
    title = tokens[1].content
    headings = _set_anchors(tokens)
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("href", _address(str(child.attrGet("href"))))
    html = _MARKDOWN.renderer.render(tokens[3:], _MARKDOWN.options, {"page": title})
    return HandbookPage(slug, title, html, tuple(headings[1:]))


def anchor_of(title: str) -> str:
    """Return the anchor that hosting sites give a heading."""
    kept = re.sub(r"[^\w\- ]", "", title.replace("`", "").lower())
    return kept.strip().replace(" ", "-")


def _set_anchors(tokens: Sequence[Token]) -> list[Heading]:
    """Give every heading its id, and return those of the first two levels."""
    found = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            heading = Heading(inline.content.replace("`", ""), anchor_of(inline.content))
            opening.attrSet("id", heading.anchor)
            if opening.tag in ("h1", "h2"):
                found.append(heading)
    return found


def _address(link: str) -> str:
    """Return where a link of the files leads on the site."""
    match = _LINK.match(link)
    if match is None:
        return link
    slug, anchor = match[1], match[2] or ""
    page = reverse("handbook") if slug == CONTENTS else reverse("handbook-page", args=[slug])
    return page + anchor


def _region(kind: str) -> Callable[[dict[str, Any]], str]:
    """Return what numbers the parts of a page that scroll: each needs a name of its own."""

    def name(env: dict[str, Any]) -> str:
        env[kind] = env.get(kind, 0) + 1
        return f"{kind} {env[kind]} of {env['page']}"

    return name


_name_table, _name_example = _region("Table"), _region("Example")


def _open_table(
    self: Any, tokens: Sequence[Token], index: int, options: Mapping[str, Any], env: dict[str, Any]
) -> str:
    return format_html(
        '<div class="table-scroll" tabindex="0" role="region" aria-label="{}"><table>',
        _name_table(env),
    )


def _close_table(
    self: Any, tokens: Sequence[Token], index: int, options: Mapping[str, Any], env: dict[str, Any]
) -> str:
    return "</table></div>\n"


def _example(
    self: Any, tokens: Sequence[Token], index: int, options: Mapping[str, Any], env: dict[str, Any]
) -> str:
    label, text = escape(_name_example(env)), escape(tokens[index].content)
    opening = f'<pre class="code" tabindex="0" role="region" aria-label="{label}">'
    return f"{opening}{text}</pre>\n"


_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_MARKDOWN.add_render_rule("table_open", _open_table)
_MARKDOWN.add_render_rule("table_close", _close_table)
_MARKDOWN.add_render_rule("fence", _example)
