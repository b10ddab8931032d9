"""Every name of the map with its kind and its page: what the search box suggests."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse

from kfmap.catalogue.recent import Recent
from kfmap.catalogue.rows.name_index import NameIndex
from kfmap.catalogue.rows.names import Name, NameKind
from kfmap.web.shared.addresses import address
from kfmap.web.shared.kernel_map import KernelMap
from kfmap.web.shared.page import map_page

_VIEWS = {
    NameKind.KFUNC: "kfunc",
    NameKind.HELPER: "kfunc",
    NameKind.CALLBACK: "member",
    NameKind.STRUCT_OPS: "struct-ops",
    NameKind.SET: "set",
    NameKind.FILTER: "filter",
    NameKind.HOOK: "hook",
    NameKind.CONTEXT: "context",
    NameKind.SECTION: "context",
}
_OPTION = "option"
_Entry = tuple[str, str, str]
_MADE: Recent[tuple[str, str], tuple[list[_Entry], bytes]] = Recent(2)


@map_page()
def give_names(request: HttpRequest, kernels: KernelMap) -> HttpResponse:
    """Return every name with its kind and its page, for suggestions."""
    return HttpResponse(_make(kernels)[1], content_type="application/json")


def list_names(kernels: KernelMap) -> list[_Entry]:
    """Return (name, kind, page) of all that has a name, on the newest kernel that has it."""
    return _make(kernels)[0]


def _make(kernels: KernelMap) -> tuple[list[_Entry], bytes]:
    """Return the names and their JSON, which are made once while the map stays as it is."""

    def make() -> tuple[list[_Entry], bytes]:
        names = _gather(kernels)
        return names, json.dumps({"version": 1, "names": names}).encode()

    return _MADE.recall((kernels.identity, address("home")), make)


def _gather(kernels: KernelMap) -> list[_Entry]:
    found: dict[str, _Entry] = {}
    kinds = [*_VIEWS, NameKind.HAS_OPTION, NameKind.FLAG]
    for name, kernel in NameIndex(kernels.rows).list_newest(kinds):
        shown = (name.detail, _OPTION) if name.kind == NameKind.HAS_OPTION else name[1::-1]
        found.setdefault(shown[0], (*shown, _url_of(name, kernel)))
    for row in reversed(kernels.rows):
        found.setdefault(row.name, (row.name, "kernel", address("kernel", row.name)))
    return list(found.values())


def _url_of(name: Name, kernel: str) -> str:
    """Return the page of a name; a section's is that of its context."""
    match name.kind:
        case NameKind.FLAG:
            return f"{address('search')}?q={name.name}"
        case NameKind.HAS_OPTION:
            return f"{address('search')}?q={name.detail}"
        case NameKind.SECTION:
            return address("context", kernel, name.detail)
        case NameKind.CALLBACK:
            return address("member", kernel, *name.name.split(".", 1))
    return address(_VIEWS[NameKind(name.kind)], kernel, name.name)
