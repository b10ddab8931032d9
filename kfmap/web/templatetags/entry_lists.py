"""Entries (kfmap.web.shared.callers.Entry), of which a page has hundreds: a list, a row of cells.

They are written here, for a template takes five times as long for each.
"""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from kfmap.web.shared.callers import Entry

register = template.Library()


@register.simple_tag
def entry_list(entries: Iterable[Entry]) -> SafeString:
    """Return links to the entries' pages."""
    return _list((entry.url, entry.name) for entry in entries)


@register.simple_tag
def question_list(entries: Iterable[Entry]) -> SafeString:
    """Return links to the answers about the entries."""
    return _list((entry.question, entry.name) for entry in entries)


@register.simple_tag
def entry_cells(entries: Iterable[Entry]) -> SafeString:
    """Return a cell of a plain matrix for each entry, which leads to its answer."""
    cell = '<td><a class="cell cell-{}" href="{}"><span class="visually-hidden">{}</span></a></td>'
    return format_html_join(
        "", cell, ((entry.word, entry.question, entry.title) for entry in entries)
    )


def _list(links: Iterable[tuple[str, str]]) -> SafeString:
    items = format_html_join("", '<li><a href="{}">{}</a></li>', links)
    return SafeString(f'<ul class="entries">{items}</ul>')  # the items are escaped
