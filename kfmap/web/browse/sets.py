"""Kfunc id sets, filters and hooks: how the rules of a kernel are put together."""

from __future__ import annotations

from django.db.models import Count
from django.http import HttpRequest, HttpResponse

from kfmap.catalogue import models
from kfmap.catalogue.store import LoadedKernel
from kfmap.kernel.facts import Filter, Place
from kfmap.kernel.rule_form import InSet, TargetIn, find_atoms
from kfmap.web.browse.rules_table import build_rule_lines, find_tables
from kfmap.web.shared.export import Table, export_table
from kfmap.web.shared.kernel_map import KernelMap, ThisKernel
from kfmap.web.shared.on_kernels import OnKernels, build_on_kernels
from kfmap.web.shared.once_per_facts import once_per_facts
from kfmap.web.shared.page import Page, kernel_page


@kernel_page()
def show_set(request: HttpRequest, this: ThisKernel, set_id: str) -> Page | HttpResponse:
    """Show a set: its entries, its registrations, and on which kernels it is."""
    loaded = this.loaded
    known = {item.id: item for item in loaded.facts.sets}
    kfunc_set = this.find("kfunc id set", set_id, known, "set")
    if chosen := request.GET.get("format"):
        rows = [
            (entry.kfunc, " ".join(entry.flags), entry.condition, str(entry.place))
            for entry in kfunc_set.entries
        ]
        columns = ("name", "flags", "condition", "place")
        return export_table(chosen, Table(f"{this.name} {kfunc_set.name}", columns, rows))
    context = {
        "set": kfunc_set,
        "known": set(loaded.decider.kfuncs),
        "registrations": [r for r in loaded.facts.registrations if r.set_id == set_id],
        "filters": _filters_reading(loaded, set_id),
        "on_kernels": _find_sizes(this.kernels, set_id),
    }
    return Page("web/set.html", context)


@kernel_page()
def show_filter(request: HttpRequest, this: ThisKernel, filter_id: str) -> Page | HttpResponse:
    """Show a filter as rules, each answer with what it decides."""
    loaded = this.loaded
    filter_ = this.find("filter", filter_id, loaded.decider.filters, "filter")
    lines = build_rule_lines(loaded, filter_id)
    if chosen := request.GET.get("format"):
        rows = [
            (item.depth, item.kind, item.text, item.file, item.line, item.cells) for item in lines
        ]
        columns = ("depth", "kind", "text", "file", "line", "cells")
        return export_table(chosen, Table(f"{this.name} {filter_.name}", columns, rows))
    context = {
        "filter": filter_,
        "lines": lines,
        "tables": find_tables(loaded, filter_id),
        "registrations": [r for r in loaded.facts.registrations if r.filter == filter_id],
        "on_kernels": _find_filters(this.kernels, filter_id),
    }
    return Page("web/filter.html", context)


@kernel_page()
def show_hook(request: HttpRequest, this: ThisKernel, hook: str) -> Page | HttpResponse:
    """Show a hook: who asks it, what is registered on it, how full it is."""
    facts = this.loaded.facts
    registrations = [item for item in facts.registrations if item.hook == hook]
    known = dict.fromkeys((*facts.hooks, *(item.hook for item in facts.registrations)))
    this.find("hook", hook, known, "hook")
    if chosen := request.GET.get("format"):
        rows = [(r.program_type, r.set_id, r.filter, r.owner, str(r.place)) for r in registrations]
        columns = ("program_type", "set", "filter", "owner", "place")
        return export_table(chosen, Table(f"{this.name} {hook}", columns, rows))
    context = {
        "name": hook,
        "program_types": [item for item in facts.hook_of if item.hook == hook],
        "registrations": registrations,
        "tables": [
            table for (_, name), table in this.loaded.decider.tables.hooks.items() if name == hook
        ],
    }
    return Page("web/hook.html", context)


def _find_sizes(kernels: KernelMap, set_id: str) -> OnKernels:
    """Return how many entries a set has on each kernel."""
    rows = models.KfuncSet.objects.filter(kernel__in=kernels.rows, set_id=set_id).order_by()
    sizes = dict(rows.annotate(size=Count("entries")).values_list("kernel", "size"))
    said = ((row, _say_entries(sizes.get(row.pk))) for row in reversed(kernels.rows))
    return build_on_kernels(said, "no such set")


def _say_entries(size: int | None) -> str:
    if size is None:
        return ""
    return "1 entry" if size == 1 else f"{size} entries"


def _find_filters(kernels: KernelMap, filter_id: str) -> OnKernels:
    """Return where a filter stands on each kernel."""
    rows = models.Filter.objects.filter(kernel__in=kernels.rows, filter_id=filter_id)
    found = {
        kernel: str(Place(file, line))
        for kernel, file, line in rows.values_list("kernel", "file", "line")
    }
    said = ((row, found.get(row.pk, "")) for row in reversed(kernels.rows))
    return build_on_kernels(said, "no such filter")


@once_per_facts
def _filters_reading(kernel: LoadedKernel, set_id: str) -> list[Filter]:
    """Return the filters whose rules ask whether something is in this set."""
    return [
        item
        for item in kernel.facts.filters
        if any(
            isinstance(atom, InSet | TargetIn) and atom.set_id == set_id
            for atom in find_atoms(item.rule)
        )
    ]
