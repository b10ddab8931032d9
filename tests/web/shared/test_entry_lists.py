"""Entries of which a page has hundreds are written with what stands in them escaped."""

from __future__ import annotations

from kfmap.permission.outcome_words import REFUSED
from kfmap.web.shared.callers import Entry
from kfmap.web.templatetags.entry_lists import entry_cells, entry_list, question_list

ENTRY = Entry("<i>now", REFUSED, '/page/"', "/can-call/?kernel=1&kfunc=2")


def test_list_leads_to_pages_and_to_answers() -> None:
    link = '<ul class="entries"><li><a href="{}">&lt;i&gt;now</a></li></ul>'
    assert entry_list([ENTRY]) == link.format("/page/&quot;")
    assert question_list([ENTRY]) == link.format("/can-call/?kernel=1&amp;kfunc=2")
    assert entry_list([]) == '<ul class="entries"></ul>'


def test_cell_says_its_outcome_to_those_who_do_not_see_it() -> None:
    cell = entry_cells([ENTRY])
    assert f'class="cell cell-{REFUSED}" href="/can-call/?kernel=1&amp;kfunc=2"' in cell
    assert f'<span class="visually-hidden">{ENTRY.title}</span>' in cell
