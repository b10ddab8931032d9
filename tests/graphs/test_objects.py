"""The graph of an object, and questions to it."""

from __future__ import annotations

import networkx as nx

from kfmap.graphs.objects import ObjectCall, ObjectNode, build_object_graph, group_object

NODES = [
    ObjectNode("enqueue", "program"),
    ObjectNode("helper", "subprogram"),
    ObjectNode("again", "subprogram"),
    ObjectNode("unused", "subprogram"),
    ObjectNode("kfunc_a", "kfunc"),
    ObjectNode("kfunc_b", "kfunc"),
    ObjectNode("kfunc_c", "kfunc", verdict="refused"),
]
CALLS = [
    ObjectCall("enqueue", "helper"),
    ObjectCall("helper", "again"),
    ObjectCall("again", "helper"),  # recursion must not hang the columns
    ObjectCall("again", "kfunc_a"),
    ObjectCall("again", "kfunc_b", 2),
    ObjectCall("unused", "kfunc_c"),
    ObjectCall("enqueue", "nowhere"),
]
GRAPH = build_object_graph("toy.bpf.o", NODES, CALLS)


def test_object_graph_puts_programs_left_and_kfuncs_right() -> None:
    columns = {node: GRAPH.nodes[node]["column"] for node in GRAPH}
    assert columns["enqueue"] == 0
    assert columns["helper"] == columns["again"] == 1
    assert columns["kfunc_a"] == columns["kfunc_c"] == 2
    assert "nowhere" not in GRAPH


def test_group_object_joins_kfuncs_with_the_same_callers_and_verdict() -> None:
    grouped = group_object(GRAPH)
    kfuncs = {d["items"] for _, d in grouped.nodes(data=True) if d["kind"] == "kfunc"}
    assert kfuncs == {("kfunc_a", "kfunc_b"), ("kfunc_c",)}
    assert grouped.edges["again", "kfuncs:kfunc_a+1"]["count"] == 3
    assert grouped.has_edge("enqueue", "helper")


def _large(functions: int) -> tuple[list[ObjectNode], list[ObjectCall]]:
    """Make two programs with functions of their own, one of which calls what is refused."""
    nodes = [ObjectNode("enqueue", "program"), ObjectNode("running", "program")]
    nodes += [ObjectNode("kfunc_a", "kfunc"), ObjectNode("kfunc_b", "kfunc", verdict="refused")]
    calls = []
    for number in range(functions):
        program = ("enqueue", "running")[number % 2]
        nodes.append(ObjectNode(f"step_{number}", "subprogram"))
        calls += [ObjectCall(program, f"step_{number}"), ObjectCall(f"step_{number}", "kfunc_a")]
    calls[-2:-1] = [ObjectCall("running", f"step_{functions - 1}", 1, "refused")]
    calls.append(ObjectCall(f"step_{functions - 1}", "kfunc_b", 1, "refused"))
    return nodes, calls


def test_a_graph_with_too_many_functions_groups_those_that_the_same_programs_reach() -> None:
    grouped = group_object(build_object_graph("large.bpf.o", *_large(400)))
    labels = {node: data["label"] for node, data in grouped.nodes(data=True)}
    assert labels == {
        "enqueue": "enqueue",
        "running": "running",
        "functions:step_0": "200 functions",
        "functions:step_1": "199 functions",
        "step_399": "step_399",
        "kfunc_a": "kfunc_a",
        "kfunc_b": "kfunc_b",
    }
    assert grouped.edges["functions:step_0", "kfunc_a"]["count"] == 200
    assert grouped.edges["step_399", "kfunc_b"]["verdict"] == "refused"
    assert nx.shortest_path(grouped, "running", "kfunc_b") == ["running", "step_399", "kfunc_b"]


def test_a_function_with_the_name_of_the_kfunc_that_it_calls_is_a_node_of_its_own() -> None:
    nodes = (
        ObjectNode("main", "program"),
        ObjectNode("scx_bpf_dsq_insert", "subprogram"),
        ObjectNode("scx_bpf_dsq_insert", "kfunc"),
    )
    calls = (
        ObjectCall("main", "scx_bpf_dsq_insert"),
        ObjectCall("scx_bpf_dsq_insert", "scx_bpf_dsq_insert", to_kfunc=True),
    )
    graph = build_object_graph("toy", nodes, calls)
    assert [graph.nodes[node]["column"] for node in nx.topological_sort(graph)] == [0, 1, 2]
    assert graph.nodes["kfunc:scx_bpf_dsq_insert"]["items"] == ("scx_bpf_dsq_insert",)
    assert len(group_object(graph)) == 3
