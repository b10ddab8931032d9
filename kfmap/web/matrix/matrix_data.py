"""A kernel's matrix as bits for the browser, and as a plain table for readers without scripts."""

from __future__ import annotations

import json
from dataclasses import dataclass

from kfmap.catalogue.matrix_rows import RowKind
from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.context_words import render_context
from kfmap.permission.outcome_words import (
    ALLOWED,
    FAILS_AT_RUN_TIME,
    ONLY_IF_SLEEPABLE,
    UNKNOWN,
    WILL_NOT_LOAD,
)
from kfmap.web.shared.callers import Entry, functions_by_set
from kfmap.web.shared.cells import WORDS, Cells, load_cells
from kfmap.web.shared.context_groups import Family, group_contexts, short_name
from kfmap.web.shared.links import context_url, question_url
from kfmap.web.shared.once_per_facts import once_per_facts

VERSION = 2
PAGE_ROWS = 25
# Outcomes by their names in the data; kfuncs in none of them are refused.
_PARTS = {
    "allowed": ALLOWED,
    "asleep": ONLY_IF_SLEEPABLE,
    "blocked": WILL_NOT_LOAD,
    "fails": FAILS_AT_RUN_TIME,
    "unknown": UNKNOWN,
}


@once_per_facts
def render_data(kernel: LoadedKernel, kind: RowKind = RowKind.KFUNC) -> bytes:
    """Return the matrix as JSON. Bit n (from the right) of a hexadecimal column is kfunc n.

    A column leaves out what it has none of. `sleepable`: the name of the context for a program that
    may sleep, where it can have one; such a program may call what is `asleep`.
    """
    cells = load_cells(kernel, kind)
    families = group_contexts(cells.contexts)
    sets = functions_by_set(kernel, kind)
    set_of = {name: at for at, (_, _, names) in enumerate(sets) for name in names}
    body = {
        "version": VERSION,
        "kernel": kernel.name,
        "sets": [[set_id, name] for set_id, name, _ in sets],
        "kfuncs": [[name, set_of[name]] for name in cells.matrix.kfuncs],
        "groups": [[family.name, family.is_struct_ops] for family in families],
        "contexts": [
            _plain_column(kernel, cells, column, at)
            for at, family in enumerate(families)
            for column in family.columns
        ],
    }
    return json.dumps(body, separators=(",", ":")).encode()


def _plain_column(kernel: LoadedKernel, cells: Cells, column: int, group: int) -> dict[str, object]:
    context, form = cells.contexts[column], cells.asleep[column]
    member = kernel.decider.views.find_member(context)
    plain: dict[str, object] = {"name": cells.names[column], "group": group}
    short = short_name(context, cells.names[column])
    if short != cells.names[column]:
        plain["short"] = short
    if member is not None and member.supported is False:
        plain["unsupported"] = True
    if form is not None:
        plain["sleepable"] = render_context(form[0])
    if cells.outcomes[column].absent:
        plain["absent"] = True
    for name, word in _PARTS.items():
        if bits := cells.outcomes[column].bits(word):
            plain[name] = f"{bits:x}"
    return plain


@dataclass(frozen=True, slots=True)
class TableRow:
    """A kfunc and its cells."""

    name: str
    set_name: str
    cells: list[Entry]


@dataclass(frozen=True, slots=True)
class View:
    """What a reader asked to see: columns of one group, rows by name, one page of them.

    `asleep`: as for programs that may sleep; `allowed`: only what may be called; `kind`: of what.
    """

    family: str
    query: str
    page: int
    asleep: bool = False
    allowed: bool = False
    kind: RowKind = RowKind.KFUNC


@dataclass(frozen=True, slots=True)
class PlainTable:
    """Some rows of one group of columns; `pages` are numbered from 1."""

    family: Family
    families: list[Family]
    columns: list[tuple[str, str]]
    rows: list[TableRow]
    page: int
    pages: int


@once_per_facts
def build_table(kernel: LoadedKernel, view: View) -> PlainTable | None:
    """Return one page of the rows whose name or set has the query in it; None without columns."""
    cells = load_cells(kernel, view.kind)
    families = group_contexts(cells.contexts)
    if not families:
        return None
    family = next((item for item in families if item.name == view.family), families[0])
    found = [
        (kfunc, set_name)
        for _, set_name, kfuncs in functions_by_set(kernel, view.kind)
        for kfunc in kfuncs
        if (view.query in kfunc or view.query in set_name)
        and (not view.allowed or _is_called(cells, kfunc, family, asleep=view.asleep))
    ]
    pages = max(1, -(-len(found) // PAGE_ROWS))
    page = min(max(view.page, 1), pages)
    columns = [
        (
            short_name(cells.contexts[column], cells.names[column]),
            context_url(kernel.name, cells.contexts[column]),
        )
        for column in family.columns
    ]
    rows = [
        TableRow(
            kfunc,
            set_name,
            [_cell(kernel, view, kfunc, column) for column in family.columns],
        )
        for kfunc, set_name in found[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    ]
    return PlainTable(family, families, columns, rows, page, pages)


def _is_called(cells: Cells, kfunc: str, family: Family, *, asleep: bool) -> bool:
    """Return whether any context of a group may call a kfunc."""
    row = cells.rows[kfunc]
    return any(
        WORDS[cells.letter(column, row, asleep=asleep)] == ALLOWED for column in family.columns
    )


def _cell(kernel: LoadedKernel, view: View, kfunc: str, column: int) -> Entry:
    cells = load_cells(kernel, view.kind)
    word = WORDS[cells.letter(column, cells.rows[kfunc], asleep=view.asleep)]
    form = cells.asleep[column] if view.asleep else None
    name = render_context(form[0]) if form else cells.names[column]
    return Entry(kfunc, word, "", question_url(kernel.name, name, kfunc))
