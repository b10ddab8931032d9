"""The graph program → subprogram → kfunc of one object, from plain nodes and calls."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import networkx as nx

from kfmap.counting import count_of
from kfmap.graphs.nodes import (
    KFUNC,
    PROGRAM,
    SUBPROGRAM,
    add_node,
    create_graph,
    join_nodes,
)
from kfmap.permission.verdict import ALLOWED

KINDS = (PROGRAM, SUBPROGRAM, KFUNC)
MAX_DRAWN = 70  # more boxes and their edges cannot be followed on a screen
_MAX_KEPT = 40  # functions drawn one by one in a grouped graph


@dataclass(frozen=True, slots=True)
class ObjectNode:
    """A function of an object or a kfunc. `kind` is one of KINDS; `note` e.g. its callback."""

    name: str
    kind: str
    note: str = ""
    verdict: str = "allowed"


@dataclass(frozen=True, slots=True)
class ObjectCall:
    """A call from one node to another, by their names; `count` places call it.

    `to_kfunc`: of a function and a kfunc of one name the kfunc is called, as wrappers do.
    """

    caller: str
    callee: str
    count: int = 1
    verdict: str = "allowed"
    to_kfunc: bool = False


def build_object_graph(
    title: str, nodes: Iterable[ObjectNode], calls: Iterable[ObjectCall]
) -> nx.DiGraph[str]:
    """Build the graph of an object; programs left, kfuncs right, subprograms by depth of call.

    Calls between names that are no nodes are left out. Large objects are grouped by `group_object`.
    """
    graph = create_graph(title, "Programs, the functions they call, and the kfuncs at the end.")
    everything = list(nodes)
    functions = {node.name for node in everything if node.kind != KFUNC}
    for node in everything:
        name = _name_kfunc(node.name, functions) if node.kind == KFUNC else node.name
        add_node(graph, name, node.kind, [node.name], 0, note=node.note, verdict=node.verdict)
    for call in calls:
        callee = _name_kfunc(call.callee, functions) if call.to_kfunc else call.callee
        if call.caller in graph and callee in graph:
            join_nodes(graph, call.caller, callee, call.count, call.verdict)
    _set_columns(graph)
    return graph


def _name_kfunc(kfunc: str, functions: Collection[str]) -> str:
    """Return the node of a kfunc; a function of the object may have its name."""
    return f"kfunc:{kfunc}" if kfunc in functions else kfunc


def group_object(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    """Group a graph too large to draw: kfuncs with the same callers and verdict are one node.

    If that is not enough, so are functions that the same programs reach; what leads to a kfunc that
    is not allowed stays as it is, as far as there is room.
    """
    grouped = _group_kfuncs(graph)
    return grouped if len(grouped) <= MAX_DRAWN else _group_kfuncs(_group_functions(graph))


def _group_kfuncs(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    groups: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for node, data in graph.nodes(data=True):
        if data["kind"] == KFUNC:
            key = tuple(sorted(graph.predecessors(node))), data["verdict"]
            groups.setdefault(key, []).append(node)
    grouped = create_graph(**graph.graph)
    for node, data in graph.nodes(data=True):
        if data["kind"] != KFUNC:
            grouped.add_node(node, **data)
    for (callers, verdict), names in sorted(groups.items()):
        name = names[0] if len(names) == 1 else f"kfuncs:{names[0]}+{len(names) - 1}"
        column = graph.nodes[names[0]]["column"]
        add_node(grouped, name, KFUNC, sorted(names), column, verdict=verdict)
        for caller in callers:
            count = sum(graph.edges[caller, kfunc]["count"] for kfunc in names)
            join_nodes(grouped, caller, name, count, verdict)
    for start, end, data in graph.edges(data=True):
        if graph.nodes[end]["kind"] != KFUNC:
            grouped.add_edge(start, end, **data)
    return grouped


def _group_functions(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    programs = [node for node, data in graph.nodes(data=True) if data["kind"] == PROGRAM]
    reached_from: dict[str, list[str]] = {}
    for program in programs:
        for node in nx.descendants(graph, program):
            reached_from.setdefault(node, []).append(program)
    kept = set(_not_allowed(graph)[:_MAX_KEPT])
    groups: dict[tuple[str, ...], list[str]] = {}
    for node, data in graph.nodes(data=True):
        if data["kind"] == SUBPROGRAM and node not in kept:
            groups.setdefault(tuple(reached_from.get(node, ())), []).append(node)
    names = {node: node for node in graph}
    grouped = create_graph(**graph.graph)
    for functions in groups.values():
        name = functions[0] if len(functions) == 1 else f"functions:{functions[0]}"
        names |= dict.fromkeys(functions, name)
        label = "" if len(functions) == 1 else count_of(len(functions), "function")
        add_node(grouped, name, SUBPROGRAM, sorted(functions), 0, label=label)
    for node, data in graph.nodes(data=True):
        if names[node] not in grouped:
            grouped.add_node(node, **data)
    for start, end, data in graph.edges(data=True):
        if names[start] != names[end]:
            join_nodes(grouped, names[start], names[end], data["count"], data["verdict"])
    _set_columns(grouped)
    return grouped


def _not_allowed(graph: nx.DiGraph[str]) -> list[str]:
    """Return the subprograms at the ends of calls that lead to what is not allowed."""
    ends = (
        node
        for start, end, data in graph.edges(data=True)
        if data["verdict"] != ALLOWED
        for node in (start, end)
    )
    return [node for node in dict.fromkeys(ends) if graph.nodes[node]["kind"] == SUBPROGRAM]


def _set_columns(graph: nx.DiGraph[str]) -> None:
    """Number the columns by longest call path; functions that call each other share one."""
    functions = graph.subgraph(n for n in graph if graph.nodes[n]["kind"] != KFUNC)
    condensed = nx.condensation(functions)
    deepest = 0
    for column, generation in enumerate(nx.topological_generations(condensed)):
        deepest = column
        for component in generation:
            for node in condensed.nodes[component]["members"]:
                graph.nodes[node]["column"] = column
    for node in graph:
        if graph.nodes[node]["kind"] == KFUNC:
            graph.nodes[node]["column"] = deepest + 1
