"""The mechanisms of deciding kfunc calls, side by side on one kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.context_words import render_context
from kfmap.permission.mechanisms.blocks import draw_blocks
from kfmap.permission.mechanisms.compare import Cell, Comparison, compare_mechanisms
from kfmap.permission.mechanisms.render import (
    render_capabilities_c,
    render_comparison_json,
    render_comparison_text,
)
from kfmap.permission.mechanisms.scope import EVERYTHING, MEMBERS, list_contexts, list_scopes
from kfmap.permission.mechanisms.table import ALL, ANY, WORD
from kfmap.safe_text.csv_rows import render_csv
from kfmap.web.mechanisms.cell import build_cell_page
from kfmap.web.mechanisms.checked_calls import LATEST, MOST_CALLS, count_checked_calls
from kfmap.web.mechanisms.picture import lay_out_picture
from kfmap.web.shared.asked import read_choice
from kfmap.web.shared.export import export_text
from kfmap.web.shared.kernel_map import ThisKernel
from kfmap.web.shared.once_per_facts import once_per_facts
from kfmap.web.shared.page import Page, kernel_page

_PREFERRED = "sched_ext_ops"
_SCOPE_WORDS = {MEMBERS: "all members", EVERYTHING: "everything"}


@kernel_page("mechanisms", needs_rules=True)
def show_mechanisms(request: HttpRequest, this: ThisKernel) -> Page | HttpResponse:
    """Show what each mechanism gets wrong for one struct_ops type, all of them, or all contexts."""
    kernel = this.loaded
    scopes = list_scopes(kernel.facts)
    default = _PREFERRED if _PREFERRED in scopes else scopes[0]
    scope = read_choice(request, "scope", scopes, default, kind="struct_ops type")
    rows = _compare(kernel, scope)
    reading = read_choice(request, "reading", (ALL, ANY), ALL)
    if chosen := request.GET.get("format"):
        renderers = _renderers(this.name, scope, rows, reading)
        return export_text(chosen, renderers, f"{this.name} mechanisms {scope}")
    tables = [table for row in rows if (table := row.mechanism.table)]
    context = {
        "rows": [_plain_row(scope, row) for row in rows],
        "picture": _draw(kernel, scope),
        "cell": build_cell_page(kernel, rows, *_read_cell(request)),
        "scope": scope,
        "edits_scope": _edits_scope(kernel, scope),
        "scopes": [(item, _SCOPE_WORDS.get(item, item.replace("+", " and "))) for item in scopes],
        "tables": tables,
        "word": WORD,
        "checked": count_checked_calls(_guarded(rows), request.user)
        if request.user.is_authenticated
        else None,
        "looked_at": LATEST,
        "most_calls": MOST_CALLS,
    }
    return Page("mechanisms/mechanisms.html", context)


def _edits_scope(kernel: LoadedKernel, scope: str) -> str | None:
    """Return whose callbacks a what-if can start from with these bits; None where it cannot."""
    if scope == MEMBERS:
        return ""
    return scope if scope in {ops.name for ops in kernel.facts.struct_ops} else None


def _renderers(
    name: str, scope: str, rows: Sequence[Comparison], reading: str
) -> Mapping[str, Callable[[], str]]:
    return {
        "json": lambda: render_comparison_json(name, scope, rows),
        "csv": lambda: _render_csv(rows),
        "txt": lambda: render_comparison_text(rows),
        "c": lambda: "".join(
            render_capabilities_c(table)
            for row in rows
            if (table := row.mechanism.table) and table.reading == reading
        ),
    }


def _guarded(rows: Sequence[Comparison]) -> frozenset[str]:
    return frozenset[str]().union(*(row.mechanism.guarded() for row in rows))


def _read_cell(request: HttpRequest) -> tuple[str, str]:
    return request.GET.get("context", "").strip(), request.GET.get("kfunc", "").strip()


def _plain_row(scope: str, row: Comparison) -> dict[str, object]:
    """Return a row with addresses for its cells."""
    plain: dict[str, object] = {
        field: getattr(row, field)
        for field in ("title", "cells", "over_permits", "over_refuses", "late", "costs")
    }
    plain["permit_examples"] = [_plain_cell(scope, cell) for cell in row.permit_examples]
    plain["refuse_examples"] = [_plain_cell(scope, cell) for cell in row.refuse_examples]
    return plain


def _plain_cell(scope: str, cell: Cell) -> dict[str, str]:
    return {
        "context": render_context(cell.context),
        "kfunc": cell.kfunc,
        "url": _cell_url(scope, cell),
    }


def _cell_url(scope: str, cell: Cell) -> str:
    """Return the address where a cell is asked of every mechanism."""
    context = render_context(cell.context)
    return f"?{urlencode({'scope': scope, 'context': context, 'kfunc': cell.kfunc})}#cell"


@once_per_facts
def _compare(kernel: LoadedKernel, scope: str) -> list[Comparison]:
    """Compare once per process: finding the fewest bits of a whole kernel takes seconds."""
    return compare_mechanisms(kernel.decider, list_contexts(kernel.decider, scope))


@once_per_facts
def _draw(kernel: LoadedKernel, scope: str) -> SafeString:
    """Draw the mechanisms once per process: it is much of the page, and always the same."""
    rows = _compare(kernel, scope)
    contexts = list_contexts(kernel.decider, scope)
    blocks = draw_blocks(kernel.decider, contexts, [row.mechanism for row in rows])
    titles = [row.title for row in rows]
    page = lay_out_picture(blocks, titles, partial(_cell_url, scope))
    return render_to_string("mechanisms/picture.html", {"picture": page})


def _render_csv(rows: Sequence[Comparison]) -> str:
    numbers = ("cells", "over_permits", "over_refuses", "late")
    costs = ("noticed", "bits", "checked_calls", "declared")
    return render_csv(
        ("mechanism", *numbers, *costs),
        (
            (
                row.title,
                *(getattr(row, column) for column in numbers),
                *(getattr(row.costs, column) for column in costs),
            )
            for row in rows
        ),
    )
