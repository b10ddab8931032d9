"""Graphs of a kernel's ops structures, drawn as SVG on the server."""

from __future__ import annotations

from enum import StrEnum

import networkx as nx
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from kfmap.catalogue.store import LoadedKernel
from kfmap.graphs.compare import build_class_graph, build_shared_graph
from kfmap.graphs.nodes import CALLBACK, KFUNC, STRUCT_OPS
from kfmap.graphs.ops import build_ops_graph
from kfmap.graphs.picture import Picture, build_picture
from kfmap.graphs.svg import STYLE
from kfmap.web.shared.asked import read_switch
from kfmap.web.shared.export import GRAPH_FORMATS, export_graph
from kfmap.web.shared.kernel_map import ThisKernel
from kfmap.web.shared.once_per_facts import once_per_facts
from kfmap.web.shared.page import Page, kernel_page


class Kind(StrEnum):
    """What a graph of an ops structure shows."""

    CALLBACKS = "callbacks"
    REFUSED = "refused"
    CLASSES = "classes"
    SHARED = "shared"


@kernel_page("graphs")
def list_graphs(request: HttpRequest, this: ThisKernel) -> Page | HttpResponse:
    """List the graphs of a kernel, or go to that of two ops structures."""
    first, second = request.GET.get("first", ""), request.GET.get("second", "")
    _check_names(this, *filter(None, (first, second)))
    if first and second:
        return redirect("graph-shared", this.name, first, second)
    return Page("web/graphs.html", {})


@kernel_page("graphs")
def show_callbacks(request: HttpRequest, this: ThisKernel, struct_ops: str) -> Page | HttpResponse:
    """Show callbacks → kfunc id sets → kfuncs."""
    kind = Kind.REFUSED if read_switch(request, "refused") else Kind.CALLBACKS
    return _show(request, this, kind, (struct_ops,))


@kernel_page("graphs")
def show_classes(request: HttpRequest, this: ThisKernel, struct_ops: str) -> Page | HttpResponse:
    """Show the classes of members with equal rights."""
    return _show(request, this, Kind.CLASSES, (struct_ops,))


@kernel_page("graphs")
def show_shared(
    request: HttpRequest, this: ThisKernel, first: str, second: str
) -> Page | HttpResponse:
    """Show the kfuncs that two ops structures share."""
    return _show(request, this, Kind.SHARED, (first, second))


@require_safe
def give_style(request: HttpRequest) -> HttpResponse:
    """Return the style of graphs: the same that a downloaded SVG brings with it."""
    response = HttpResponse(STYLE.read_text(), content_type="text/css; charset=utf-8")
    response["Cache-Control"] = "max-age=600"
    return response


def _show(
    request: HttpRequest, this: ThisKernel, kind: Kind, of: tuple[str, ...]
) -> Page | HttpResponse:
    _check_names(this, *of)
    if chosen := request.GET.get("format"):
        return export_graph(chosen, _build_graph(this.loaded, kind, of))
    context = {
        "kind": kind,
        "struct_ops": of[0],
        "second": of[-1],
        "picture": _draw(this.loaded, kind, of),
        "formats": GRAPH_FORMATS,
    }
    return Page("web/graph.html", context)


def _check_names(this: ThisKernel, *of: str) -> None:
    """Answer 404 for an ops structure that the kernel does not have."""
    known = {ops.name: ops for ops in this.loaded.facts.struct_ops}
    for name in of:
        this.find("ops structure", name, known, "graph-callbacks")


@once_per_facts
def _build_graph(kernel: LoadedKernel, kind: Kind, of: tuple[str, ...]) -> nx.DiGraph[str]:
    if kind == Kind.CLASSES:
        return build_class_graph(kernel.decider, of[0])
    if kind == Kind.SHARED:
        return build_shared_graph(kernel.decider, of[0], of[1])
    return build_ops_graph(kernel.decider, of[0], refused=kind == Kind.REFUSED)


@once_per_facts
def _draw(kernel: LoadedKernel, kind: Kind, of: tuple[str, ...]) -> Picture:
    sets: dict[str, str] = {}
    for item in kernel.facts.sets:
        sets.setdefault(item.name, item.id)

    def link(node_kind: str, name: str) -> str:
        if node_kind == KFUNC:
            return reverse("kfunc", args=[kernel.name, name])
        if node_kind == CALLBACK:
            return reverse("member", args=[kernel.name, of[0], name])
        if node_kind == STRUCT_OPS:
            return reverse("struct-ops", args=[kernel.name, name])
        return reverse("set", args=[kernel.name, sets[name]]) if name in sets else ""

    return build_picture(_build_graph(kernel, kind, of), link)
