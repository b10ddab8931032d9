"""Search over every name of the map, and over flags, prototypes, section names and options."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from kfmap.catalogue.rows.name_index import NameIndex
from kfmap.catalogue.rows.names import Name, NameKind
from kfmap.web.browse.search_more import (
    SectionHit,
    find_by_flag,
    find_by_option,
    find_by_prototype,
    find_misspelt,
    find_sections,
)
from kfmap.web.browse.search_names import list_names
from kfmap.web.shared.export import Table, export_table
from kfmap.web.shared.kernel_map import KernelMap
from kfmap.web.shared.page import Page, map_page
from verifier.records.cursor import START
from verifier.records.id_lists import NamedIds
from verifier.records.models import BpfObject
from verifier.spaces.access import Reader

_SHOWN = 60
_LONGEST = 200
_SECTION_LIKE = re.compile(r"/|\.s\b|SEC\s*\(|BPF_PROG_TYPE_|^(usdt|raw_tp|classifier|xdp\.frags)")
_ASKED = 12  # kernels: what a section name stands for is worked out of each


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
    found = _find_all(query, NameIndex(kernels.rows)) if query else []
    if chosen := request.GET.get("format"):
        rows = [
            (part.kind, hit.name, hit.url, " ".join(hit.kernels))
            for part in found
            for hit in part.hits
        ]
        return export_table(chosen, Table("search", ("kind", "name", "page", "kernels"), rows))
    signed_in = request.user.is_authenticated
    objects = _find_objects(query, request.user) if query and signed_in else []
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


def _find_all(query: str, names: NameIndex) -> list[Found]:
    words = query.split()
    low = [word.lower() for word in words]

    def named(kind: NameKind) -> dict[str, int]:
        return names.find(kind, lambda item: all(word in item.name.lower() for word in low))

    asked = (
        ("Kfuncs", "kfunc", named(NameKind.KFUNC)),
        ("Helpers", "kfunc", named(NameKind.HELPER)),
        ("Ops structures", "struct-ops", named(NameKind.STRUCT_OPS)),
        ("Members", "member", _find_members(names, low)),
        ("Contexts", "context", named(NameKind.CONTEXT)),
        ("Sets", "set", named(NameKind.SET)),
        ("Filters", "filter", named(NameKind.FILTER)),
        ("Hooks", "hook", named(NameKind.HOOK)),
        ("Kfuncs with this flag", "kfunc", find_by_flag(names, words)),
        ("Kfuncs by prototype", "kfunc", find_by_prototype(names, words)),
        ("Under this option", "kfunc", find_by_option(names, words)),
    )
    return [_gather(kind, view, found, names) for kind, view, found in asked if found]


def _find_members(names: NameIndex, words: Sequence[str]) -> dict[str, int]:
    """Return members by name or by `type.member`."""

    def fits(item: Name) -> bool:
        struct_ops, _, member = item.name.lower().partition(".")
        parts = (word.rpartition(".") for word in words)
        return all(last in member and first in struct_ops for first, _, last in parts)

    return {
        **names.find(NameKind.CALLBACK, fits),
        **names.find(NameKind.DATA_MEMBER, fits),
    }


def _find_sections(query: str, kernels: KernelMap) -> list[SectionHit]:
    """Return what a query stands for that is written as a section name, or as a program type."""
    if not _SECTION_LIKE.search(query):
        return []
    newest = reversed(kernels.released[-_ASKED:])
    return find_sections((kernels.load(row.name) for row in newest), query)


def _find_misspelt(query: str, kernels: KernelMap) -> list[tuple[str, str]]:
    names = {name: url for name, _, url in list_names(kernels)}
    return [(name, names[name]) for name in find_misspelt(names, query)]


def _gather(kind: str, view: str, found: Mapping[str, int], names: NameIndex) -> Found:
    """Link each name on the newest kernel that has it."""
    every = [row.name for row in names.kernels]
    parts = {name: name.split(".", 1) if view == "member" else [name] for name in found}
    hits = []
    for name in sorted(found, key=lambda name: (len(parts[name][-1]), parts[name]))[:_SHOWN]:
        has = names.list_kernels(found[name])
        url = reverse(view, args=[has[-1], *parts[name]])
        hits.append(Hit(name, url, tuple(has), say_kernels(has, every)))
    return Found(kind, hits, len(found))


def say_kernels(some: Sequence[str], every: Sequence[str]) -> str:
    """Return in words which of the kernels, which are oldest first: `6.12 to 6.19, 7.3`."""
    if len(some) == len(every):
        return "every kernel"
    runs = [
        [name for _, name in run]
        for _, run in groupby(enumerate(some), lambda item: every.index(item[1]) - item[0])
    ]
    return ", ".join(map(_say_run, runs))


def _say_run(run: Sequence[str]) -> str:
    """Return neighbours in words: from 6.12 on where that follows 6.12-arm64, its flavour."""
    first, _, _ = run[0].partition("-")
    first = first if first in run else run[0]
    return ", ".join(run) if len(run) <= 2 or first == run[-1] else f"{first} to {run[-1]}"


def _find_objects(query: str, reader: Reader) -> list[BpfObject]:
    """Return the latest objects with this in a name that they have in the reader's spaces."""
    found = NamedIds(reader, query).read(START, _SHOWN)
    return list(BpfObject.objects.visible_to(reader).filter(pk__in=found)) if found else []
