"""The matrix of a kernel: kfuncs × contexts."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse

from kfmap.catalogue.matrix_export import RENDERERS
from kfmap.catalogue.matrix_rows import RowKind
from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.near_names import find_near
from kfmap.web.matrix.matrix_data import View, build_table, render_data
from kfmap.web.shared.asked import read_choice, read_switch
from kfmap.web.shared.cells import Cells, load_cells
from kfmap.web.shared.context_groups import group_contexts
from kfmap.web.shared.kernel_map import ThisKernel
from kfmap.web.shared.kinds import KIND_NAMES, check_known, read_kind
from kfmap.web.shared.not_found import ValueNotFound
from kfmap.web.shared.once_per_facts import once_per_facts
from kfmap.web.shared.page import Page, kernel_page

_WORDS = {
    RowKind.KFUNC: {
        "label": "Kfuncs or sets",
        "none": "No kfunc and no set",
        "nobody": "No kfunc",
        "head": "Kfunc",
    },
    RowKind.HELPER: {
        "label": "Helpers",
        "none": "No helper",
        "nobody": "No helper",
        "head": "Helper",
    },
    RowKind.ALL: {
        "label": "Kfuncs, sets or helpers",
        "none": "No kfunc, no set and no helper",
        "nobody": "No kfunc and no helper",
        "head": "Name",
    },
}
_ORDERS = ("similar", "name")
_MEDIA_TYPES = {"json": "application/json", "csv": "text/csv"}


@kernel_page("matrix")
def show_matrix(request: HttpRequest, this: ThisKernel) -> Page | HttpResponse:
    """Show the page that the matrix is drawn in, with a plain table for readers without scripts."""
    if chosen := request.GET.get("format"):
        return _export(this.loaded, chosen, read_kind(request))
    query = request.GET.get("rows", "").strip()
    page = request.GET.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
    kind = read_kind(request)
    cells = load_cells(this.loaded, kind)
    _check_for_script(request, cells)
    view = View(
        _read_group(request, cells),
        query,
        number,
        read_switch(request, "sleep"),
        read_switch(request, "only"),
        kind,
    )
    context = {
        "cells": cells,
        "of": KIND_NAMES[kind],
        "of_words": _WORDS[kind],
        "kinds": KIND_NAMES.items(),
        "table": build_table(this.loaded, view),
        "view": view,
        "state": urlencode(
            {key: request.GET[key] for key in ("sleep", "only", "kind") if key in request.GET}
        ),
    }
    return Page("web/matrix.html", context)


def _read_group(request: HttpRequest, cells: Cells) -> str:
    groups = [family.name for family in group_contexts(cells.contexts)]
    return read_choice(request, "group", groups, kind="group of contexts")


def _check_for_script(request: HttpRequest, cells: Cells) -> None:
    """Check what only the script of the page reads. Raises ValueNotFound."""
    read_choice(request, "sort", _ORDERS, kind="order")
    read_switch(request, "merge")
    context, _, function = request.GET.get("cell", "").partition(" ")
    if (context or function) and not (context in cells.columns and function in cells.rows):
        columns = [context] if context in cells.columns else find_near(context, cells.columns)
        rows = [function] if function in cells.rows else find_near(function, cells.rows)
        near = [f"{column} {row}" for column in columns for row in rows]
        raise ValueNotFound(request, "cell", "cell", near)


@kernel_page()
def give_data(request: HttpRequest, this: ThisKernel) -> HttpResponse:
    """Return the matrix as bits."""
    data = render_data(this.loaded, read_kind(request))
    return HttpResponse(data, content_type="application/json")


def _export(kernel: LoadedKernel, chosen: str, kind: RowKind) -> HttpResponse:
    if chosen not in RENDERERS:
        raise Http404(f"There is no format “{chosen}” here; there are {', '.join(RENDERERS)}.")
    check_known(kind, kernel)
    response = HttpResponse(
        _render(kernel, chosen, kind), content_type=f"{_MEDIA_TYPES[chosen]}; charset=utf-8"
    )
    of = "" if kind is RowKind.KFUNC else f"-{kind}"
    name = f"kfmap-{kernel.name.replace('.', '-')}-matrix{of}.{chosen}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@once_per_facts
def _render(kernel: LoadedKernel, chosen: str, kind: RowKind) -> str:
    return RENDERERS[chosen](kernel, kind)
