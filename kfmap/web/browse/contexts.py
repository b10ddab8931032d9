"""One context that is no struct_ops member: what it may call."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from kfmap.catalogue.rows.read import RowsOnAll
from kfmap.permission.asking import find_context
from kfmap.permission.context_text import ContextError
from kfmap.permission.context_words import render_context
from kfmap.permission.sleeping import find_sleep_answer
from kfmap.web.shared.callers import CALL_COLUMNS, group_by_set, list_calls, list_helpers
from kfmap.web.shared.cells import load_cells
from kfmap.web.shared.export import Table, export_table
from kfmap.web.shared.kernel_map import KernelMap, ThisKernel
from kfmap.web.shared.links import context_url
from kfmap.web.shared.on_kernels import OnKernels, build_on_kernels
from kfmap.web.shared.page import Page, kernel_page


@kernel_page()
def show_context(request: HttpRequest, this: ThisKernel, context: str) -> Page | HttpResponse:
    """Show the kfuncs that programs of this kind may call, by set."""
    cells = load_cells(this.loaded)
    if usual := _find_usual_name(this, context):
        return redirect("context", this.name, usual)
    found = cells.contexts[this.find("context", context, cells.columns, "context")]
    if found.struct_ops and found.member:
        return redirect(context_url(this.name, found))
    groups, helpers = group_by_set(this.loaded, context), list_helpers(this.loaded, context)
    if chosen := request.GET.get("format"):
        table = Table(f"{this.name} {context}", CALL_COLUMNS, list_calls(groups, helpers))
        return export_table(chosen, table)
    names = {
        "name": context,
        "context": found,
        "sleep": find_sleep_answer(found, this.loaded.decider.views),
        "hook": this.loaded.decider.hook_of(found),
        "groups": groups,
        "helpers": helpers,
        "on_kernels": _find_on_kernels(this.kernels, context),
    }
    return Page("web/context.html", names)


def _find_on_kernels(kernels: KernelMap, context: str) -> OnKernels:
    rows = RowsOnAll(kernels.rows[::-1])
    there = rows.find_context(context)
    said = (
        (row, "has such programs" if found is not None and found.listed else "")
        for row, found in zip(rows.kernels, there, strict=True)
    )
    return build_on_kernels(said, "has none")


def _find_usual_name(this: ThisKernel, text: str) -> str:
    """Return the usual spelling of a context's name, "" for one that is spelt so or is none."""
    columns = load_cells(this.loaded).columns
    if text in columns:
        return ""
    try:
        usual = render_context(find_context(text, this.loaded.facts))
    except ContextError:
        return ""
    return usual if usual in columns else ""
