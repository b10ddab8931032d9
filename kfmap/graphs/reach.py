"""Questions to a graph: what is reached, what stands alone, how one gets there."""

from __future__ import annotations

import networkx as nx


def find_reach(graph: nx.DiGraph[str], node: str) -> frozenset[str]:
    """Return all nodes that can be reached from a node, without itself."""
    return frozenset(nx.descendants(graph, node))


def find_callers(graph: nx.DiGraph[str], node: str) -> frozenset[str]:
    """Return all nodes from which a node can be reached, without itself."""
    return frozenset(nx.ancestors(graph, node))


def find_path(graph: nx.DiGraph[str], start: str, end: str) -> tuple[str, ...]:
    """Return a shortest way from one node to another, () if there is none."""
    if start not in graph or end not in graph or not nx.has_path(graph, start, end):
        return ()
    return tuple(nx.shortest_path(graph, start, end))


def find_isolated(graph: nx.DiGraph[str]) -> tuple[str, ...]:
    """Return functions no program reaches, and kfuncs nothing calls, by name."""
    programs = [n for n in graph if graph.nodes[n]["kind"] in ("program", "callback")]
    reached = set(programs).union(*(nx.descendants(graph, program) for program in programs))
    return tuple(sorted(set(graph.nodes) - reached))
