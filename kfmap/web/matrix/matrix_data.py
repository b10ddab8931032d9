"""A kernel's matrix as bits for the browser, and as a plain table for readers without scripts."""

from __future__ import annotations

import json
from dataclasses import dataclass

from kfmap.catalogue.store import LoadedKernel
from kfmap.web.shared.callers import Entry, kfuncs_by_set
from kfmap.web.shared.cells import WORDS, load_cells
from kfmap.web.shared.context_groups import Family, group_contexts, short_name
from kfmap.web.shared.links import context_url, question_url
from kfmap.web.shared.once_per_facts import once_per_facts

VERSION = 1
PAGE_ROWS = 25


@once_per_facts
def render_data(kernel: LoadedKernel) -> bytes:
    """Return the matrix as JSON. Bit n (from the right) of a hexadecimal column is kfunc n.

    `possible` is "" where it equals `allowed`, `fails` where nothing fails at run time.
    """
    cells, matrix = load_cells(kernel), kernel.matrix
    families = group_contexts(cells.contexts)
    sets = kfuncs_by_set(kernel)
    set_of = {name: at for at, (_, _, names) in enumerate(sets) for name in names}
    body = {
        "version": VERSION,
        "kernel": kernel.name,
        "sets": [[set_id, name] for set_id, name, _ in sets],
        "kfuncs": [[name, set_of[name]] for name in matrix.kfuncs],
        "groups": [family.name for family in families],
        "contexts": [
            _plain_column(kernel, column, at)
            for at, family in enumerate(families)
            for column in family.columns
        ],
    }
    return json.dumps(body, separators=(",", ":")).encode()


def _plain_column(kernel: LoadedKernel, column: int, group: int) -> dict[str, object]:
    cells, matrix = load_cells(kernel), kernel.matrix
    context = cells.contexts[column]
    member = kernel.decider.views.find_member(context)
    allowed, possible = matrix.allowed[column], matrix.possible[column]
    plain: dict[str, object] = {"name": cells.names[column], "group": group}
    short = short_name(context, cells.names[column])
    if short != cells.names[column]:
        plain["short"] = short
    if member is not None and member.supported is False:
        plain["unsupported"] = True
    plain["allowed"] = f"{allowed:x}"
    if possible != allowed:
        plain["possible"] = f"{possible:x}"
    if cells.fails[column]:
        plain["fails"] = f"{cells.fails[column]:x}"
    return plain


@dataclass(frozen=True, slots=True)
class TableRow:
    """A kfunc and its cells."""

    name: str
    set_name: str
    cells: list[Entry]


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
def build_table(kernel: LoadedKernel, family_name: str, query: str, page: int) -> PlainTable | None:
    """Return one page of the rows whose name or set has `query` in it; None without any columns."""
    cells = load_cells(kernel)
    families = group_contexts(cells.contexts)
    if not families:
        return None
    family = next((item for item in families if item.name == family_name), families[0])
    names = [
        (kfunc, set_name)
        for _, set_name, kfuncs in kfuncs_by_set(kernel)
        for kfunc in kfuncs
        if query in kfunc or query in set_name
    ]
    pages = max(1, -(-len(names) // PAGE_ROWS))
    page = min(max(page, 1), pages)
    rows = [
        TableRow(kfunc, set_name, [_cell(kernel, kfunc, column) for column in family.columns])
        for kfunc, set_name in names[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    ]
    columns = [
        (
            short_name(cells.contexts[column], cells.names[column]),
            context_url(kernel.name, cells.contexts[column]),
        )
        for column in family.columns
    ]
    return PlainTable(family, families, columns, rows, page, pages)


def _cell(kernel: LoadedKernel, kfunc: str, column: int) -> Entry:
    cells = load_cells(kernel)
    word = WORDS[cells.letter(column, cells.rows[kfunc])]
    return Entry(kfunc, word, "", question_url(kernel.name, cells.names[column], kfunc))
