"""The handbook: its list of contents, and its pages."""

from __future__ import annotations

from django.http import HttpRequest

from kfmap.web.handbook.pages import CONTENTS, HandbookPage, list_slugs, load_page
from kfmap.web.shared.kernel_map import KernelMap
from kfmap.web.shared.not_found import NameNotFound
from kfmap.web.shared.page import Page, map_page


@map_page("docs")
def show_contents(request: HttpRequest, kernels: KernelMap) -> Page:
    """Show what the handbook has."""
    return _show(load_page(CONTENTS))


@map_page("docs")
def show_page(request: HttpRequest, kernels: KernelMap, page: str) -> Page:
    """Show a page of the handbook."""
    try:
        found = load_page(page)
    except KeyError:
        where = "The handbook"
        raise NameNotFound(where, "page", page, list_slugs(), ("handbook-page", ())) from None
    return _show(found)


def _show(page: HandbookPage) -> Page:
    contents = [load_page(slug) for slug in list_slugs()]
    return Page("handbook/page.html", {"page": page, "contents": contents})
