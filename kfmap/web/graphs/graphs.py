"""Graphs of a kernel's ops structures, drawn as SVG on the server."""

from __future__ import annotations

import networkx as nx
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from kfmap.catalogue.store import LoadedKernel
from kfmap.graphs.compare import build_class_graph, build_shared_graph
from kfmap.graphs.ops import build_ops_graph
from kfmap.graphs.picture import Picture, build_picture
from kfmap.graphs.svg import STYLE
from kfmap.web.shared.export import GRAPH_FORMATS, export_graph
from kfmap.web.shared.kernel_map import Atlas
from kfmap.web.shared.not_found import NameNotFound
from kfmap.web.shared.once_per_facts import once_per_facts
from kfmap.web.shared.page import map_page


@map_page
def list_graphs(request: HttpRequest, atlas: Atlas, kernel: str) -> HttpResponse:
    """List the graphs of a kernel, or go to that of two ops structures."""
    loaded = atlas.load(kernel)
    first, second = request.GET.get("first", ""), request.GET.get("second", "")
    if first and second:
        return redirect("graph-shared", kernel, first, second)
    context = {
        "section": "graphs",
        "atlas": atlas,
        "kernel": atlas.row(kernel),
        "all_struct_ops": loaded.facts.struct_ops,
    }
    return render(request, "web/graphs.html", context)


@map_page
def show_callbacks(
    request: HttpRequest, atlas: Atlas, kernel: str, struct_ops: str
) -> HttpResponse:
    """Show callbacks → kfunc id sets → kfuncs."""
    loaded = _load(atlas, kernel, struct_ops)
    kind = "refused" if request.GET.get("refused") == "1" else "callbacks"
    return _show(request, atlas, loaded, kind, (struct_ops,))


@map_page
def show_classes(request: HttpRequest, atlas: Atlas, kernel: str, struct_ops: str) -> HttpResponse:
    """Show the classes of members with equal rights."""
    return _show(request, atlas, _load(atlas, kernel, struct_ops), "classes", (struct_ops,))


@map_page
def show_shared(
    request: HttpRequest, atlas: Atlas, kernel: str, first: str, second: str
) -> HttpResponse:
    """Show the kfuncs that two ops structures share."""
    return _show(request, atlas, _load(atlas, kernel, first, second), "shared", (first, second))


@require_safe
def give_style(request: HttpRequest) -> HttpResponse:
    """Return the style of graphs: the same that a downloaded SVG brings with it."""
    response = HttpResponse(STYLE.read_text(), content_type="text/css; charset=utf-8")
    response["Cache-Control"] = "max-age=600"
    return response


def _load(atlas: Atlas, kernel: str, *struct_ops: str) -> LoadedKernel:
    loaded = atlas.load(kernel)
    known = [ops.name for ops in loaded.facts.struct_ops]
    for name in struct_ops:
        if name not in known:
            page = ("graph-callbacks", (kernel,))
            raise NameNotFound(f"Linux {kernel}", "ops structure", name, known, page)
    return loaded


def _show(
    request: HttpRequest, atlas: Atlas, kernel: LoadedKernel, kind: str, of: tuple[str, ...]
) -> HttpResponse:
    if chosen := request.GET.get("format"):
        return export_graph(chosen, _build_graph(kernel, kind, of))
    context = {
        "section": "graphs",
        "atlas": atlas,
        "kernel": atlas.row(kernel.name),
        "all_struct_ops": kernel.facts.struct_ops,
        "kind": kind,
        "struct_ops": of[0],
        "second": of[-1],
        "picture": _draw(kernel, kind, of),
        "formats": GRAPH_FORMATS,
    }
    return render(request, "web/graph.html", context)


@once_per_facts
def _build_graph(kernel: LoadedKernel, kind: str, of: tuple[str, ...]) -> nx.DiGraph[str]:
    if kind == "classes":
        return build_class_graph(kernel.decider, of[0])
    if kind == "shared":
        return build_shared_graph(kernel.decider, of[0], of[1])
    return build_ops_graph(kernel.decider, of[0], refused=kind == "refused")


@once_per_facts
def _draw(kernel: LoadedKernel, kind: str, of: tuple[str, ...]) -> Picture:
    return build_picture(_build_graph(kernel, kind, of))
