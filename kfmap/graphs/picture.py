"""A graph ready for a page: its drawing, and the same as lists for those who cannot see it."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx

from kfmap.graphs.svg import draw_svg


@dataclass(frozen=True, slots=True)
class NodeLine:
    """A node in the list: what it is, the names it stands for, its verdict."""

    kind: str
    label: str
    note: str
    items: tuple[str, ...]
    verdict: str


@dataclass(frozen=True, slots=True)
class EdgeLine:
    """An edge in the list, by the labels of its ends."""

    start: str
    end: str
    count: int
    verdict: str


@dataclass(frozen=True, slots=True)
class Picture:
    """`svg` is safe to put into a page: `draw_svg` escapes every name."""

    title: str
    description: str
    svg: str
    nodes: tuple[NodeLine, ...]
    edges: tuple[EdgeLine, ...]


def build_picture(graph: nx.DiGraph[str]) -> Picture:
    """Draw a graph and list it, by columns."""
    nodes = sorted(graph.nodes, key=lambda node: (graph.nodes[node]["column"], node))
    return Picture(
        graph.graph["title"],
        graph.graph["description"],
        draw_svg(graph),
        tuple(_node_line(graph, node) for node in nodes),
        tuple(_edge_line(graph, start, end) for start, end in sorted(graph.edges)),
    )


def _node_line(graph: nx.DiGraph[str], node: str) -> NodeLine:
    data = graph.nodes[node]
    return NodeLine(data["kind"], data["label"], data["note"], data["items"], data["verdict"])


def _edge_line(graph: nx.DiGraph[str], start: str, end: str) -> EdgeLine:
    data = graph.edges[start, end]
    labels = graph.nodes[start]["label"], graph.nodes[end]["label"]
    return EdgeLine(*labels, data["count"], data["verdict"])
