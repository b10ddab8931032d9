"""Search over every name of the map, and over flags, prototypes, section names and options."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db.models import Manager, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from kfmap.catalogue.models import Filter, Hook, Kfunc, KfuncSet, Member, StructOpsType
from kfmap.catalogue.store import LoadedKernel
from kfmap.web.browse.search_more import (
    SectionHit,
    find_by_flag,
    find_by_option,
    find_by_prototype,
    find_helpers,
    find_misspelt,
    find_sections,
)
from kfmap.web.browse.search_names import list_names
from kfmap.web.shared.cells import load_cells
from kfmap.web.shared.export import Table, export_table
from kfmap.web.shared.kernel_map import KernelMap
from kfmap.web.shared.page import Page, map_page
from verifier.records.models import BpfObject
from verifier.spaces.access import Reader

_SHOWN = 60
_LONGEST = 200
_SECTION_LIKE = re.compile(r"/|\.s\b|SEC\s*\(|BPF_PROG_TYPE_|^(usdt|raw_tp|classifier|xdp\.frags)")
Named = tuple[str, tuple[str, ...]]  # a kernel, and the names that lead to a page of it


@dataclass(frozen=True, slots=True)
class Hit:
    """A name, the page of the newest kernel that has it, and all kernels that do, also in words."""

    name: str
    url: str
    kernels: tuple[str, ...]
    on: str


@dataclass(frozen=True, slots=True)
class Found:
    """The hits of one kind."""

    kind: str
    hits: list[Hit]
    total: int

    @property
    def more(self) -> int:
        """Count the hits that were left out."""
        return self.total - len(self.hits)


@map_page()
def search(request: HttpRequest, kernels: KernelMap) -> Page | HttpResponse:
    """Show what has the words in its name, the shortest names first."""
    query = request.GET.get("q", "").strip()[:_LONGEST]
    found = _find_all(query, kernels) if query else []
    if chosen := request.GET.get("format"):
        rows = [
            (part.kind, hit.name, hit.url, " ".join(hit.kernels))
            for part in found
            for hit in part.hits
        ]
        return export_table(chosen, Table("search", ("kind", "name", "page", "kernels"), rows))
    objects = _find_objects(query, request.user) if query and request.user.is_authenticated else []
    sections = _find_sections(query, kernels) if query else []
    nothing = query and not (found or objects or sections)
    context = {
        "search_query": query,
        "found": found,
        "sections": sections,
        "misspelt": _find_misspelt(query, kernels) if nothing else [],
        "named": [row for row in kernels.rows if query and query in row.name],
        "objects": objects,
    }
    return Page("web/search.html", context)


def _find_all(query: str, kernels: KernelMap) -> list[Found]:
    words = query.split()
    found = [
        _gather("Kfuncs", "kfunc", _find_rows(Kfunc.objects, "name", words), kernels),
        _gather("Helpers", "kfunc", _ask_each(find_helpers, words, kernels), kernels),
        _gather(
            "Ops structures",
            "struct-ops",
            _find_rows(StructOpsType.objects, "name", words),
            kernels,
        ),
        _gather("Members", "member", _find_members(words), kernels),
        _gather("Contexts", "context", _find_contexts(words, kernels), kernels),
        _gather("Sets", "set", _find_rows(KfuncSet.objects, "set_id", words), kernels),
        _gather("Filters", "filter", _find_rows(Filter.objects, "filter_id", words), kernels),
        _gather("Hooks", "hook", _find_rows(Hook.objects, "name", words), kernels),
    ]
    found += [
        _gather("Kfuncs with this flag", "kfunc", _ask_each(find_by_flag, words, kernels), kernels),
        _gather(
            "Kfuncs by prototype", "kfunc", _ask_each(find_by_prototype, words, kernels), kernels
        ),
        _gather("Under this option", "kfunc", _find_by_option(words, kernels), kernels),
    ]
    return [part for part in found if part.hits]


def _ask_each(
    find: Callable[[LoadedKernel, Sequence[str]], Iterable[str]],
    words: Sequence[str],
    kernels: KernelMap,
) -> list[Named]:
    return [(kernel.name, (name,)) for kernel in kernels.load_all() for name in find(kernel, words)]


def _find_by_option(words: Sequence[str], kernels: KernelMap) -> list[Named]:
    """Return the kfuncs that options decide, on the kernels that have them."""
    if not any(word.upper().startswith("CONFIG") for word in words):
        return []
    loaded = list(kernels.load_all())
    names = {name for kernel in loaded for _, name in find_by_option(kernel, words)}
    return [
        (kernel.name, (name,))
        for kernel in loaded
        for name in kernel.decider.kfuncs
        if name in names
    ]


def _find_sections(query: str, kernels: KernelMap) -> list[SectionHit]:
    """Return what a query stands for that is written as a section name, or as a program type."""
    if not _SECTION_LIKE.search(query):
        return []
    return find_sections(kernels.load_newest_first(), query)


def _find_misspelt(query: str, kernels: KernelMap) -> list[tuple[str, str]]:
    names = {name: url for name, _, url in list_names(kernels)}
    return [(name, names[name]) for name in find_misspelt(names, query)]


def _find_rows(manager: Manager[Any], field: str, words: list[str]) -> list[Named]:
    """Return the rows with every word in `field`, which leads to their page."""
    rows = manager.order_by()
    for word in words:
        rows = rows.filter(**{f"{field}__icontains": word})
    return [(kernel, (name,)) for kernel, name in rows.values_list("kernel__name", field)]


def _find_members(words: list[str]) -> list[Named]:
    """Return members by name or by `type.member`."""
    rows = Member.objects.order_by()
    for word in words:
        struct_ops, _, member = word.rpartition(".")
        rows = rows.filter(name__icontains=member, struct_ops__name__icontains=struct_ops)
    fields = "struct_ops__kernel__name", "struct_ops__name", "name"
    return [(kernel, (ops, name)) for kernel, ops, name in rows.values_list(*fields)]


def _find_contexts(words: list[str], kernels: KernelMap) -> list[Named]:
    return [
        (kernel.name, (name,))
        for kernel in kernels.load_all()
        for name, context in zip(load_cells(kernel).names, load_cells(kernel).contexts, strict=True)
        if not context.struct_ops and all(word.lower() in name for word in words)
    ]


def _gather(kind: str, view: str, rows: Iterable[Named], kernels: KernelMap) -> Found:
    """Put the kernels of each name together; link the newest."""
    order = {name: at for at, name in enumerate(kernels.names)}
    found: dict[tuple[str, ...], list[str]] = {}
    for kernel, names in rows:
        if kernel in order:  # others came after the map was read
            found.setdefault(names, []).append(kernel)
    hits = []
    for names in sorted(found, key=lambda names: (len(names[-1]), names))[:_SHOWN]:
        has = sorted(found[names], key=order.__getitem__)
        url = reverse(view, args=[has[-1], *names])
        hits.append(Hit(".".join(names), url, tuple(has), say_kernels(has, kernels.names)))
    return Found(kind, hits, len(found))


def say_kernels(some: Sequence[str], every: Sequence[str]) -> str:
    """Say which of the kernels, which are oldest first: `6.12 to 6.19, 7.3`."""
    if len(some) == len(every):
        return "every kernel"
    runs = [
        [name for _, name in run]
        for _, run in groupby(enumerate(some), lambda item: every.index(item[1]) - item[0])
    ]
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)


def _find_objects(query: str, reader: Reader) -> QuerySet[BpfObject]:
    return BpfObject.objects.visible_to(reader).named(query, partly=True)[:_SHOWN]
