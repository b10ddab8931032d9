"""Two kernels beside each other: what came, what went, which cells flipped."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from kfmap.catalogue.matrix_rows import RowKind
from kfmap.catalogue.report_data import load_kernel_data
from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.flip_block import FlipBlock
from kfmap.permission.name_list import list_names
from kfmap.reports.comparison_report import build_comparison_report
from kfmap.web.compare.changes import (
    Changes,
    FlipKind,
    count_by_family,
    find_changes,
    list_groups,
)
from kfmap.web.compare.release_steps import BAR, Steps
from kfmap.web.shared.asked import read_choice, read_kernel
from kfmap.web.shared.cells import load_cells
from kfmap.web.shared.export import TABLE_FORMATS, Table, export_report, export_table
from kfmap.web.shared.kernel_map import KernelMap
from kfmap.web.shared.kinds import KIND_NAMES, check_known, read_kind
from kfmap.web.shared.links import context_url
from kfmap.web.shared.once_per_facts import once_per_facts
from kfmap.web.shared.page import Page, map_page
from kfmap.web.uploads.uploads_on_kernel import compare_uploads

_FUNCTIONS = [(kind.value, words) for kind, words in KIND_NAMES.items()]
_A_PAGE = 20


@map_page("compare")
def choose(request: HttpRequest, kernels: KernelMap) -> Page | HttpResponse:
    """Ask for two kernels, and show what each release changed; or go to the comparison."""
    old, new = (read_kernel(request, kernels, name) for name in ("old", "new"))
    if old and new:
        narrowed = _narrowing(request.GET.get("group", ""), read_kind(request))
        return redirect(
            reverse("changes", args=[old.name, new.name]) + (f"?{narrowed}" if narrowed else "")
        )
    latest = [row.name for row in kernels.line[-2:]] or kernels.names
    context = {
        "old": [old.name] if old else latest[:1],
        "new": [new.name] if new else latest[-1:],
        "steps": Paginator(Steps(kernels), _A_PAGE).get_page(request.GET.get("page")),
        "stepped_over": list_names([row.name for row in kernels.rows[::-1] if not row.has_rules]),
        "functions": _FUNCTIONS,
        "width": BAR,
    }
    return Page("web/choose_kernels.html", context)


@map_page("compare")
def show_changes(
    request: HttpRequest, kernels: KernelMap, old: str, new: str
) -> Page | HttpResponse:
    """Show what differs between two kernels."""
    before, after = kernels.load(old), kernels.load(new)
    groups = list_groups(before, after)
    group = read_choice(request, "group", groups, kind="group of contexts")
    kind = read_kind(request)
    changes = find_changes(before, after, group, kind)
    if chosen := request.GET.get("format"):
        if chosen in TABLE_FORMATS and (chosen != "xlsx" or kind is not RowKind.KFUNC):
            check_known(kind, before, after)
            return export_table(chosen, _export(changes))
        kernels_compared = load_kernel_data(before), load_kernel_data(after)
        return export_report(chosen, build_comparison_report(*kernels_compared))
    context: dict[str, object] = {
        "old": kernels.row(old),
        "new": kernels.row(new),
        "changes": changes,
        "kinds": _list_kinds(before, after, group, kind),
        "groups": groups,
        "functions": _FUNCTIONS,
        "query": _narrowing(group, kind),
    }
    if request.user.is_authenticated:
        context["uploads"] = compare_uploads(kernels.row(old), kernels.row(new), request.user)
    return Page("web/changes.html", context)


def _narrowing(group: str, kind: RowKind) -> str:
    """Return the query of a comparison that is not of all contexts, or not of kfuncs."""
    asked = {"group": group, "kind": kind.value if kind is not RowKind.KFUNC else ""}
    return urlencode({name: value for name, value in asked.items() if value})


Link = tuple[str, str]  # a name and the address of its page


@dataclass(frozen=True, slots=True)
class FlipRow:
    """Kfuncs × contexts that flipped alike; `families` counts the contexts by their groups."""

    cells: int
    kfuncs: list[Link]
    contexts: list[Link]
    families: list[tuple[str, int]]


@once_per_facts
def _list_kinds(
    before: LoadedKernel, after: LoadedKernel, group: str, kind: RowKind
) -> list[tuple[FlipKind, list[FlipRow]]]:
    cells = load_cells(after)
    pages = dict(zip(cells.names, cells.contexts, strict=True))
    return [
        (
            flipped,
            [
                FlipRow(
                    flip.cells,
                    [(name, reverse("kfunc", args=[after.name, name])) for name in flip.kfuncs],
                    [(name, context_url(after.name, pages[name])) for name in flip.contexts],
                    count_by_family(flip.contexts, cells),
                )
                for flip in flipped.flips
            ],
        )
        for flipped in find_changes(before, after, group, kind).kinds
    ]


def _export(changes: Changes) -> Table:
    rows = [
        (kind.before, kind.after, kfunc, context)
        for kind in changes.kinds
        for flip in kind.flips
        for kfunc, context in _cells(flip)
    ]
    name = f"{changes.old} {changes.new} changes"
    return Table(name, ("before", "after", "kfunc", "context"), rows)


def _cells(flip: FlipBlock) -> list[tuple[str, str]]:
    return [(kfunc, context) for kfunc in flip.kfuncs for context in flip.contexts]
