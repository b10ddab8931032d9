"""Kfunc id sets, filters and hooks: how the rules of a kernel are put together."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kfmap.catalogue.store import LoadedKernel
from kfmap.kernel.facts import Filter, KfuncSet
from kfmap.kernel.rule_form import InSet, TargetIn
from kfmap.permission.contexts import find_atoms
from kfmap.web.browse.rules_table import build_rule_lines, find_tables
from kfmap.web.shared.export import Table, export_table
from kfmap.web.shared.kernel_map import Atlas
from kfmap.web.shared.not_found import NameNotFound
from kfmap.web.shared.once_per_facts import once_per_facts
from kfmap.web.shared.page import map_page


@map_page
def show_set(request: HttpRequest, atlas: Atlas, kernel: str, set_id: str) -> HttpResponse:
    """Show a set: its entries, its registrations, and on which kernels it is."""
    loaded = atlas.load(kernel)
    kfunc_set = _find_set(loaded, set_id)
    if chosen := request.GET.get("format"):
        rows = [
            (entry.kfunc, " ".join(entry.flags), entry.condition, str(entry.place))
            for entry in kfunc_set.entries
        ]
        columns = ("name", "flags", "condition", "place")
        return export_table(chosen, Table(f"{kernel} {kfunc_set.name}", columns, rows))
    context = {
        "section": "kernels",
        "atlas": atlas,
        "kernel": atlas.row(kernel),
        "set": kfunc_set,
        "known": set(loaded.decider.kfuncs),
        "registrations": [r for r in loaded.facts.registrations if r.set_id == set_id],
        "filters": _filters_reading(loaded, set_id),
        "elsewhere": [(other.name, _size(other, set_id)) for other in atlas.load_all()],
    }
    return render(request, "web/set.html", context)


@map_page
def show_filter(request: HttpRequest, atlas: Atlas, kernel: str, filter_id: str) -> HttpResponse:
    """Show a filter as rules, each answer with what it decides."""
    loaded = atlas.load(kernel)
    filter_ = loaded.decider.filters.get(filter_id)
    if filter_ is None:
        page = ("filter", (kernel,))
        known = loaded.decider.filters
        raise NameNotFound(f"Linux {kernel}", "filter", filter_id, known, page)
    lines = build_rule_lines(loaded, filter_id)
    if chosen := request.GET.get("format"):
        rows = [
            (item.depth, item.kind, item.text, item.file, item.line, item.cells) for item in lines
        ]
        columns = ("depth", "kind", "text", "file", "line", "cells")
        return export_table(chosen, Table(f"{kernel} {filter_.name}", columns, rows))
    context = {
        "section": "kernels",
        "atlas": atlas,
        "kernel": atlas.row(kernel),
        "filter": filter_,
        "lines": lines,
        "tables": find_tables(loaded, filter_id),
        "registrations": [r for r in loaded.facts.registrations if r.filter == filter_id],
        "elsewhere": [(other.name, _find_filter(other, filter_id)) for other in atlas.load_all()],
    }
    return render(request, "web/filter.html", context)


@map_page
def show_hook(request: HttpRequest, atlas: Atlas, kernel: str, name: str) -> HttpResponse:
    """Show a hook: who asks it, what is registered on it, how full it is."""
    loaded = atlas.load(kernel)
    registrations = [item for item in loaded.facts.registrations if item.hook == name]
    known = dict.fromkeys((*loaded.facts.hooks, *(r.hook for r in loaded.facts.registrations)))
    if name not in known:
        raise NameNotFound(f"Linux {kernel}", "hook", name, known, ("hook", (kernel,)))
    if chosen := request.GET.get("format"):
        rows = [(r.program_type, r.set_id, r.filter, r.owner, str(r.place)) for r in registrations]
        columns = ("program_type", "set", "filter", "owner", "place")
        return export_table(chosen, Table(f"{kernel} {name}", columns, rows))
    context = {
        "section": "kernels",
        "atlas": atlas,
        "kernel": atlas.row(kernel),
        "name": name,
        "decision": loaded.facts.decision,
        "program_types": [item for item in loaded.facts.hook_of if item.hook == name],
        "registrations": registrations,
        "tables": [
            hook
            for (_, hook_name), hook in loaded.decider.tables.hooks.items()
            if hook_name == name
        ],
    }
    return render(request, "web/hook.html", context)


def _find_set(kernel: LoadedKernel, set_id: str) -> KfuncSet:
    known = {item.id: item for item in kernel.facts.sets}
    if set_id not in known:
        page = ("set", (kernel.name,))
        raise NameNotFound(f"Linux {kernel.name}", "kfunc id set", set_id, known, page)
    return known[set_id]


def _size(kernel: LoadedKernel, set_id: str) -> int | None:
    found = next((item for item in kernel.facts.sets if item.id == set_id), None)
    return None if found is None else len(found.entries)


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


def _find_filter(kernel: LoadedKernel, filter_id: str) -> Filter | None:
    return kernel.decider.filters.get(filter_id)
