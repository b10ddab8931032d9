"""Nodes and edges of kfmap's graphs, all with the same attributes.

Nodes: `kind` (one of the words below), `label` (one line), `note` (a second, may be ""), `items`
(the names the node stands for), `column`, `verdict`. Edges: `verdict`, `count`. Verdicts are
outcomes (kfmap.permission.outcome_words), or mixed.
"""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx

from kfmap.counting import count_of
from kfmap.permission.verdict import ALLOWED

MIXED = "mixed"
# Kinds of nodes: plain texts, for GraphML takes nothing else.
CALLBACK, SET, KFUNC, STRUCT_OPS = "callback", "set", "kfunc", "struct_ops"
PROGRAM, SUBPROGRAM = "program", "subprogram"


def create_graph(title: str, description: str, headings: tuple[str, ...] = ()) -> nx.DiGraph[str]:
    """Make an empty graph with the words of its picture; headings stand over the columns."""
    return nx.DiGraph(title=title, description=description, headings=headings)


def add_node(
    graph: nx.DiGraph[str],
    node: str,
    kind: str,
    items: Sequence[str],
    column: int,
    *,
    label: str = "",
    note: str = "",
    verdict: str = ALLOWED,
) -> None:
    """Add a node; without a label its only item or its number of items is the label."""
    if not label:
        label = items[0] if len(items) == 1 else count_of(len(items), kind)
    graph.add_node(
        node, kind=kind, label=label, note=note, items=tuple(items), column=column, verdict=verdict
    )


def join_nodes(
    graph: nx.DiGraph[str], start: str, end: str, count: int = 1, verdict: str = ALLOWED
) -> None:
    """Add to the edge between two nodes; parts with other verdicts make it mixed."""
    if graph.has_edge(start, end):
        edge = graph.edges[start, end]
        edge["count"] += count
        if edge["verdict"] != verdict:
            edge["verdict"] = MIXED
    else:
        graph.add_edge(start, end, count=count, verdict=verdict)
