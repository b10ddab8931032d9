"""The handbook's files as tests read them: sections, tables, examples."""

from __future__ import annotations

import re
from typing import NamedTuple

from kfmap.web.handbook.pages import CONTENTS, FOLDER, list_slugs

PAGES = [CONTENTS, *list_slugs()]


class Example(NamedTuple):
    """A fenced block: what stands behind the fence, and its text."""

    page: str
    info: str
    text: str


def read(page: str) -> str:
    """Return the Markdown of a page."""
    return (FOLDER / f"{page}.md").read_text()


def section(page: str, title: str) -> str:
    """Return the text below a heading of the second level, up to the next."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", read(page), re.M | re.S)
    assert found is not None, f"{page}.md has no section “{title}”"
    return found[1]


def first_column(text: str) -> list[str]:
    """Return what stands between backticks in the first column of the tables."""
    return re.findall(r"^\| `([^`]+)`", text, re.M)


def examples(page: str) -> list[Example]:
    """Return the fenced blocks of a page."""
    found = re.findall(r"^```([^\n]*)\n(.*?)^```$", read(page), re.M | re.S)
    return [Example(page, info, text) for info, text in found]
