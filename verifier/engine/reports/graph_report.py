"""The graphs of a report as SVG, GraphML and DOT; several objects stand in one graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import networkx as nx

from kfmap.graphs import exports
from kfmap.graphs.nodes import create_graph
from kfmap.graphs.svg import draw_svg
from verifier.engine.reports.model import DEFAULT, CheckedObject, ReportOptions
from verifier.engine.reports.object_graph import build_graph_of

if TYPE_CHECKING:
    Graph = nx.DiGraph[str]


def render_svg(objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT) -> str:
    """Return the drawing."""
    return draw_svg(_join(objects, options, whole=False), standalone=True)


def render_graphml(objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT) -> str:
    """Return every program, function and kfunc, however many."""
    return exports.render_graphml(_join(objects, options, whole=True))


def render_dot(objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT) -> str:
    """Return every program, function and kfunc, however many."""
    return exports.render_dot(_join(objects, options, whole=True))


def _join(objects: Sequence[CheckedObject], options: ReportOptions, *, whole: bool) -> Graph:
    """Return the graph of the object; with several, names begin with the object's."""
    graphs = [
        (obj.file, build_graph_of(obj, options, whole=whole)) for obj in objects if obj.summary
    ]
    if len(graphs) == 1:
        return graphs[0][1]
    title = ", ".join(file for file, _ in graphs) or "no objects"
    joined = create_graph(title, "Programs, the functions they call, and the kfuncs at the end.")
    for number, (file, graph) in enumerate(graphs, 1):
        names = {node: f"{number}. {file}: {node}" for node in graph}
        joined.update(nx.relabel_nodes(graph, names))
    return joined
