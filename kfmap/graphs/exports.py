"""Graphs as GraphML, DOT and JSON: the same nodes, edges and attributes in each, sorted."""

from __future__ import annotations

import json

import networkx as nx

from kfmap.safe_text.printable import printable

VERSION = 1


def render_graphml(graph: nx.DiGraph[str]) -> str:
    """Return GraphML; `items` are joined by spaces."""
    plain: nx.DiGraph[str] = nx.DiGraph(**_plain(graph.graph))
    for node in sorted(graph.nodes):
        plain.add_node(printable(node), **_plain(graph.nodes[node]))
    for start, end in sorted(graph.edges):
        plain.add_edge(printable(start), printable(end), **_plain(graph.edges[start, end]))
    return "\n".join(nx.generate_graphml(plain, named_key_ids=True)) + "\n"


def render_dot(graph: nx.DiGraph[str]) -> str:
    """Return DOT for Graphviz, left to right."""
    lines = [f"digraph {_quote(graph.graph['title'])} {{", "  rankdir=LR; node [shape=box];"]
    for node in sorted(graph.nodes):
        data = graph.nodes[node]
        label = [data["label"], *([data["note"]] if data["note"] else [])]
        words = f"label={_quote(*label)} class={_quote(data['kind'] + ' ' + data['verdict'])}"
        lines.append(f"  {_quote(node)} [{words}];")
    for start, end in sorted(graph.edges):
        data = graph.edges[start, end]
        words = f"label={_quote(str(data['count']))} class={_quote(data['verdict'])}"
        lines.append(f"  {_quote(start)} -> {_quote(end)} [{words}];")
    return "\n".join([*lines, "}"]) + "\n"


def render_json(graph: nx.DiGraph[str]) -> str:
    """Return JSON: version, title, description, nodes with "id", edges with "from" and "to"."""
    body = {
        "version": VERSION,
        **graph.graph,
        "nodes": [{"id": node, **graph.nodes[node]} for node in sorted(graph.nodes)],
        "edges": [
            {"from": start, "to": end, **graph.edges[start, end]}
            for start, end in sorted(graph.edges)
        ],
    }
    return json.dumps(body, indent=1) + "\n"


def _plain(data: dict[str, object]) -> dict[str, object]:
    return {
        key: value if isinstance(value, int) else printable(_join(value))
        for key, value in data.items()
    }


def _join(value: object) -> str:
    return " ".join(value) if isinstance(value, tuple) else str(value)


def _quote(*lines: str) -> str:
    """Return lines as one text of DOT, in which a backslash and an n break the line."""
    escaped = (printable(line).replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'
