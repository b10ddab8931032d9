"""Search over every name of the map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db.models import Manager, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from kfmap.catalogue.models import Filter, Hook, Kfunc, KfuncSet, Member, StructOpsType
from kfmap.web.shared.cells import load_cells
from kfmap.web.shared.export import Table, export_table
from kfmap.web.shared.kernel_map import Atlas
from kfmap.web.shared.page import map_page
from verifier.records.models import BpfObject

_SHOWN = 60
_LONGEST = 200
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


@map_page
def search(request: HttpRequest, atlas: Atlas) -> HttpResponse:
    """Show what has the words in its name, the shortest names first."""
    query = request.GET.get("q", "").strip()[:_LONGEST]
    found = _find_all(query, atlas) if query else []
    if chosen := request.GET.get("format"):
        rows = [
            (part.kind, hit.name, hit.url, " ".join(hit.kernels))
            for part in found
            for hit in part.hits
        ]
        return export_table(chosen, Table("search", ("kind", "name", "page", "kernels"), rows))
    objects = _find_objects(query) if query and request.user.is_authenticated else []
    context = {
        "search_query": query,
        "found": found,
        "kernels": [row for row in atlas.rows if query and query in row.name],
        "objects": objects,
    }
    return render(request, "web/search.html", context)


def _find_all(query: str, atlas: Atlas) -> list[Found]:
    words = query.split()
    found = [
        _gather("Kfuncs", "kfunc", _rows(Kfunc.objects, words, "kernel__name", "name"), atlas),
        _gather(
            "Ops structures",
            "struct-ops",
            _rows(StructOpsType.objects, words, "kernel__name", "name"),
            atlas,
        ),
        _gather("Members", "member", _find_members(words), atlas),
        _gather("Contexts", "context", _find_contexts(words, atlas), atlas),
        _gather("Sets", "set", _rows(KfuncSet.objects, words, "kernel__name", "set_id"), atlas),
        _gather(
            "Filters", "filter", _rows(Filter.objects, words, "kernel__name", "filter_id"), atlas
        ),
        _gather("Hooks", "hook", _rows(Hook.objects, words, "kernel__name", "name"), atlas),
    ]
    return [part for part in found if part.hits]


def _rows(manager: Manager[Any], words: list[str], *fields: str) -> list[Named]:
    """Return (kernel, names) of the rows with every word in the last of `fields`."""
    rows = manager.order_by()
    for word in words:
        rows = rows.filter(**{f"{fields[-1]}__icontains": word})
    return [(kernel, tuple(names)) for kernel, *names in rows.values_list(*fields)]


def _find_members(words: list[str]) -> list[Named]:
    """Return members by name or by `type.member`."""
    rows = Member.objects.order_by()
    for word in words:
        struct_ops, _, member = word.rpartition(".")
        rows = rows.filter(name__icontains=member, struct_ops__name__icontains=struct_ops)
    fields = "struct_ops__kernel__name", "struct_ops__name", "name"
    return [(kernel, (ops, name)) for kernel, ops, name in rows.values_list(*fields)]


def _find_contexts(words: list[str], atlas: Atlas) -> list[Named]:
    return [
        (kernel.name, (name,))
        for kernel in atlas.load_all()
        for name, context in zip(load_cells(kernel).names, load_cells(kernel).contexts, strict=True)
        if not context.struct_ops and all(word.lower() in name for word in words)
    ]


def _gather(kind: str, view: str, rows: Iterable[Named], atlas: Atlas) -> Found:
    """Put the kernels of each name together; link the newest."""
    order = {name: at for at, name in enumerate(atlas.names)}
    kernels: dict[tuple[str, ...], list[str]] = {}
    for kernel, names in rows:
        if kernel not in order:  # it came after the atlas was read
            continue
        kernels.setdefault(names, []).append(kernel)
    hits = []
    for names in sorted(kernels, key=lambda names: (len(names[-1]), names))[:_SHOWN]:
        has = sorted(kernels[names], key=order.__getitem__)
        url = reverse(view, args=[has[-1], *names])
        hits.append(Hit(".".join(names), url, tuple(has), say_kernels(has, atlas.names)))
    return Found(kind, hits, len(kernels))


def say_kernels(some: Sequence[str], every: Sequence[str]) -> str:
    """Say which of the kernels, which are oldest first: `6.12 to 6.19, 7.3`."""
    if len(some) == len(every):
        return "every kernel"
    runs = [
        [name for _, name in run]
        for _, run in groupby(enumerate(some), lambda item: every.index(item[1]) - item[0])
    ]
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)


def _find_objects(query: str) -> QuerySet[BpfObject]:
    return BpfObject.objects.filter(file_name__icontains=query)[:_SHOWN]
