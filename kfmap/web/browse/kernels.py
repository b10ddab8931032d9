"""Kernels: all of them, and one with everything that was read from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.contrib.auth.models import AnonymousUser, User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from kfmap.adding.models import Provenance
from kfmap.catalogue.models import Kernel, Variant
from kfmap.catalogue.report_data import load_kernel_data
from kfmap.catalogue.store import LoadedKernel
from kfmap.catalogue.variants import may_drop
from kfmap.kernel.facts import Place
from kfmap.permission.findings.finding import DEFECT
from kfmap.permission.hook_table import Hook
from kfmap.permission.outcome_words import ALLOWED, ONLY_IF_SLEEPABLE
from kfmap.permission.what_if.edit_json import describe_edit, read_edits
from kfmap.reports.kernel_report import build_kernel_report
from kfmap.safe_text.csv_rows import Value
from kfmap.web.findings.load_findings import load_findings
from kfmap.web.shared.cells import load_cells
from kfmap.web.shared.export import TABLE_FORMATS, Table, export_report, export_table
from kfmap.web.shared.kernel_map import KernelMap, ThisKernel
from kfmap.web.shared.once_per_facts import once_per_facts
from kfmap.web.shared.page import Page, kernel_page, map_page
from kfmap.web.what_if.edits_in_address import draft_url

_NEWEST_PAGES = (
    "kernel",
    "matrix",
    "graphs",
    "kfuncs",
    "kernel-mechanisms",
    "kernel-findings",
    "kernel-what-if",
)


@map_page("kernels")
def list_kernels(request: HttpRequest, kernels: KernelMap) -> Page | HttpResponse:
    """List the kernels of the map."""
    if chosen := request.GET.get("format"):
        return export_table(chosen, _kernel_table(kernels))
    return Page("web/kernels.html", {})


@map_page()
def go_to_newest(request: HttpRequest, kernels: KernelMap, page: str) -> HttpResponse:
    """Go to a page of the newest kernel. Raises Http404 for a page that kernels do not have."""
    if page not in _NEWEST_PAGES:
        raise Http404(f"There is no page “{page}” of a kernel.")
    if kernels.newest is None:
        return redirect("home")
    return redirect(page, kernels.newest.name)


@kernel_page()
def show_kernel(request: HttpRequest, this: ThisKernel) -> Page | HttpResponse:
    """Show what was read from a kernel, where it came from and what was not understood."""
    loaded = this.loaded
    if chosen := request.GET.get("format"):
        if chosen in TABLE_FORMATS and chosen != "xlsx":
            return export_table(chosen, _registration_table(loaded))
        return export_report(chosen, build_kernel_report(load_kernel_data(loaded)))
    findings = load_findings(this)
    context = {
        "cells": load_cells(loaded),
        "counts": {
            "allowed": load_cells(loaded).count(ALLOWED),
            "asleep": load_cells(loaded).count(ONLY_IF_SLEEPABLE),
            "permitted": sum(bits.bit_count() for bits in loaded.matrix.allowed),
        },
        "hooks": _read_hooks(loaded),
        "sets": _read_sets(loaded),
        "findings": findings,
        **_describe_variant(this.row, request.user),
        "provenance": _find_provenance(this.row),
        "defects": sum(1 for item in findings if item.severity == DEFECT),
    }
    return Page("web/kernel.html", context)


def _describe_variant(row: Kernel, reader: User | AnonymousUser) -> dict[str, object]:
    """Return the edits of a variant in words, and the draft they are on its base."""
    if row.source != Kernel.Source.VARIANT:
        return {}
    variant = Variant.objects.select_related("created_by").get(kernel=row)
    edits = read_edits(variant.edits)
    return {
        "variant": variant,
        "variant_edits": [describe_edit(edit) for edit in edits],
        "variant_draft": draft_url(variant.base_name, edits),
        "may_drop": may_drop(variant, reader),
    }


def _find_provenance(row: Kernel) -> Provenance | None:
    """Return where an imported kernel came from; None for others."""
    if row.source not in (Kernel.Source.IMPORTED, Kernel.Source.ESTIMATE):
        return None
    return _load_provenance(row.pk, row.updated_at)


@lru_cache(maxsize=256)
def _load_provenance(kernel: int, updated_at: datetime) -> Provenance | None:
    """Return the row, once per change of the kernel's: what is noted anew touches that, too."""
    return Provenance.objects.select_related("added_by").filter(kernel=kernel).first()


@dataclass(frozen=True, slots=True)
class HookRow:
    """A hook: what is on it, and how near its limit it is."""

    name: str
    program_types: list[str]
    count: int
    limit: int
    filters: list[str]
    kfuncs: int

    @property
    def is_nearly_full(self) -> bool:
        """Return whether three quarters of the places are taken."""
        return bool(self.limit) and self.count * 4 >= self.limit * 3


@once_per_facts
def _read_hooks(kernel: LoadedKernel) -> list[HookRow]:
    facts = kernel.facts
    types: dict[str, list[str]] = {}
    for item in facts.hook_of:
        if item.hook:
            types.setdefault(item.hook, []).append(item.program_type)
    found: dict[str, list[Hook]] = {}
    for (_, name), hook in kernel.decider.tables.hooks.items():
        found.setdefault(name, []).append(hook)
    names = [name for name in facts.hooks if name in found] or sorted(found)
    return [
        HookRow(
            name,
            types.get(name, []),
            max(hook.count for hook in found[name]),
            facts.decision.set_limit,
            sorted({id_ for hook in found[name] for id_ in hook.filters}),
            len({kfunc for hook in found[name] for kfunc in hook.listed}),
        )
        for name in names
    ]


@dataclass(frozen=True, slots=True)
class SetRow:
    """A set, and the hooks it is registered on."""

    id: str
    name: str
    kind: str
    owner: str
    entries: int
    hooks: list[str]
    filters: list[str]
    place: Place


@once_per_facts
def _read_sets(kernel: LoadedKernel) -> list[SetRow]:
    hooks: dict[str, set[str]] = {}
    filters: dict[str, set[str]] = {}
    for item in kernel.facts.registrations:
        hooks.setdefault(item.set_id, set()).add(item.hook)
        if item.filter:
            filters.setdefault(item.set_id, set()).add(item.filter)
    return [
        SetRow(
            item.id,
            item.name,
            item.kind,
            item.owner,
            len(item.entries),
            sorted(hooks.get(item.id, ())),
            sorted(filters.get(item.id, ())),
            item.place,
        )
        for item in kernel.facts.sets
    ]


def _kernel_table(kernels: KernelMap) -> Table:
    columns = ("name", "version", "label", "profile", "kfuncs", "sets", "struct_ops", "page")
    return Table("kernels", columns, [_kernel_row(row) for row in reversed(kernels.rows)])


def _kernel_row(row: Kernel) -> tuple[Value, ...]:
    """Return a row of the table; what is not known of a kernel that was only asked is left out."""
    page = reverse("kernel", args=[row.name])
    of_rules = (row.set_count, row.struct_ops_count) if row.has_rules else (None, None)
    return (row.name, row.version, row.label, row.profile, row.kfunc_count, *of_rules, page)


def _registration_table(kernel: LoadedKernel) -> Table:
    columns = ("program_type", "hook", "set", "kfunc_id_set", "filter", "owner", "place")
    rows = [
        (
            item.program_type,
            item.hook,
            item.set_id,
            item.kfunc_id_set,
            item.filter,
            item.owner,
            str(item.place),
        )
        for item in kernel.facts.registrations
    ]
    return Table(f"{kernel.name} registrations", columns, rows)
