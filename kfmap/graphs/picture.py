"""A graph ready for a page: its drawing, and the same as lists for those who cannot see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import networkx as nx

from kfmap.graphs.objects import MAX_DRAWN
from kfmap.graphs.svg import draw_svg


@dataclass(frozen=True, slots=True)
class Item:
    """A name that a node stands for, and the address of its page, "" where it has none."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class NodeLine:
    """A node in the list: what it is, the names it stands for, its verdict; `name` is its id."""

    name: str
    kind: str
    label: str
    note: str
    items: tuple[Item, ...]
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

    @property
    def is_crowded(self) -> bool:
        """Return whether it has more boxes than can be followed at once."""
        return len(self.nodes) > MAX_DRAWN


Link = Callable[[str, str], str]  # kind of node and name → address, "" for none


def build_picture(graph: nx.DiGraph[str], link: Link = lambda kind, name: "") -> Picture:
    """Draw a graph and list it, by columns."""
    nodes = sorted(graph.nodes, key=lambda node: (graph.nodes[node]["column"], node))
    return Picture(
        graph.graph["title"],
        graph.graph["description"],
        draw_svg(graph),
        tuple(_node_line(graph, node, link) for node in nodes),
        tuple(_edge_line(graph, start, end) for start, end in sorted(graph.edges)),
    )


def _node_line(graph: nx.DiGraph[str], node: str, link: Link) -> NodeLine:
    data = graph.nodes[node]
    items = tuple(Item(name, link(data["kind"], name)) for name in data["items"])
    return NodeLine(node, data["kind"], data["label"], data["note"], items, data["verdict"])


def _edge_line(graph: nx.DiGraph[str], start: str, end: str) -> EdgeLine:
    data = graph.edges[start, end]
    labels = graph.nodes[start]["label"], graph.nodes[end]["label"]
    return EdgeLine(*labels, data["count"], data["verdict"])
