"""What a page has hundreds of is written with what stands in it escaped."""

from __future__ import annotations

from kfmap.permission.outcome_words import REFUSED
from kfmap.web.shared.callers import Entry
from kfmap.web.templatetags.entry_lists import (
    entry_cells,
    entry_list,
    mask_links,
    options,
    question_list,
)

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


def test_options_are_names_or_values_with_words_and_no_markup() -> None:
    assert options(["a", "<b>"]) == "<option>a</option><option>&lt;b&gt;</option>"
    assert options([('"', "words")]) == '<option value="&quot;">words</option>'
    assert options([]) == ""


def test_links_to_bits_keep_the_draft() -> None:
    link = '<li><a href="?edits=%7B&amp;member=ops.a%20%3C#member-bits">ops.a &lt;</a></li>'
    assert mask_links(["ops.a <"], "member", "edits=%7B") == link
