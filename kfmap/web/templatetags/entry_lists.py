"""What a page has hundreds of: entries (kfmap.web.shared.callers.Entry) and options of forms.

They are written here, for a template takes five times as long for each.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from urllib.parse import quote

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


@register.filter
def options(choices: Iterable[str | tuple[str, str]]) -> SafeString:
    """Return options to choose from: names, or pairs of a value and its words."""
    return SafeString("".join(map(_option, choices)))  # which escapes them


@register.simple_tag
def mask_links(names: Iterable[str], field: str, draft_query: str) -> SafeString:
    """Return links to the bits of kfuncs or callbacks (`field`) of a draft."""
    begin, end = f'<li><a href="?{escape(draft_query)}&amp;{field}=', f"#{field}-bits"
    links = (f'{begin}{escape(quote(name))}{end}">{escape(name)}</a></li>' for name in names)
    return SafeString("".join(links))


def _option(choice: str | tuple[str, str]) -> str:
    if isinstance(choice, str):
        return f"<option>{escape(choice)}</option>"
    value, words = choice
    return f'<option value="{escape(value)}">{escape(words)}</option>'


def _list(links: Iterable[tuple[str, str]]) -> SafeString:
    items = format_html_join("", '<li><a href="{}">{}</a></li>', links)
    return SafeString(f'<ul class="entries">{items}</ul>')  # the items are escaped
