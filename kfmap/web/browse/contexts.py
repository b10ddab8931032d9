"""One context that is no struct_ops member: what it may call."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from kfmap.catalogue.questions import QueryError, find_context
from kfmap.permission.context_words import render_context
from kfmap.web.shared.callers import group_by_set
from kfmap.web.shared.cells import load_cells
from kfmap.web.shared.export import Table, export_table
from kfmap.web.shared.kernel_map import Atlas
from kfmap.web.shared.links import context_url
from kfmap.web.shared.not_found import NameNotFound
from kfmap.web.shared.page import map_page


@map_page
def show_context(request: HttpRequest, atlas: Atlas, kernel: str, name: str) -> HttpResponse:
    """Show the kfuncs that programs of this kind may call, by set."""
    loaded = atlas.load(kernel)
    cells = load_cells(loaded)
    if name not in cells.columns:
        return _look_further(name, atlas, kernel)
    context = cells.contexts[cells.columns[name]]
    if context.struct_ops and context.member:
        return redirect(context_url(kernel, context))
    groups = group_by_set(loaded, name)
    if chosen := request.GET.get("format"):
        rows = [(group.name, item.name, item.word) for group in groups for item in group.entries]
        return export_table(chosen, Table(f"{kernel} {name}", ("set", "kfunc", "verdict"), rows))
    page = {
        "section": "kernels",
        "atlas": atlas,
        "kernel": atlas.row(kernel),
        "name": name,
        "context": context,
        "hook": loaded.decider.hook_of(context),
        "groups": groups,
        "elsewhere": [
            (other.name, name in load_cells(other).columns) for other in atlas.load_all()
        ],
    }
    return render(request, "web/context.html", page)


def _look_further(name: str, atlas: Atlas, kernel: str) -> HttpResponse:
    """Go to the usual spelling of a name, or say what comes near it."""
    loaded = atlas.load(kernel)
    names = load_cells(loaded).names
    try:
        usual = render_context(find_context(name, loaded))
    except QueryError:
        usual = ""
    if usual in names:
        return redirect("context", kernel, usual)
    raise NameNotFound(f"Linux {kernel}", "context", name, names, ("context", (kernel,)))
