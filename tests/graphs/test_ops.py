"""The graphs of an ops structure, on the hand-worked toy kernel."""

from __future__ import annotations

import networkx as nx

from kfmap.graphs.compare import build_class_graph, build_shared_graph
from kfmap.graphs.ops import build_ops_graph
from kfmap.permission.decide import Decider
from tests.permission.small_kernel import create_toy_kernel

DECIDER = Decider(create_toy_kernel())


def items(graph: nx.DiGraph[str], kind: str) -> dict[tuple[str, ...], str]:
    nodes = [graph.nodes[node] for node in graph]
    return {data["items"]: data["verdict"] for data in nodes if data["kind"] == kind}


def find_node(graph: nx.DiGraph[str], item: str) -> str:
    return next(node for node in graph if item in graph.nodes[node]["items"])


def test_ops_graph_groups_callbacks_with_equal_rights() -> None:
    graph = build_ops_graph(DECIDER, "toy_ops")
    assert set(items(graph, "callback")) == {
        ("select_cpu", "running", "init"),
        ("enqueue",),
        ("dispatch",),
    }


def test_ops_graph_groups_kfuncs_by_sets_and_verdicts() -> None:
    graph = build_ops_graph(DECIDER, "toy_ops")
    assert items(graph, "kfunc") == {
        ("bpf_common",): "allowed",  # its set is open to every callback
        ("toy_now",): "allowed",
        ("toy_both",): "allowed",
        ("toy_insert",): "mixed",
        ("toy_move",): "mixed",
    }
    assert set(graph.predecessors("kfuncs:toy_any+toy_dispatch:AAA")) == {
        "set:toy_any",
        "set:toy_dispatch",
    }


def test_ops_graph_edges_count_what_a_class_may_call_in_a_set() -> None:
    graph = build_ops_graph(DECIDER, "toy_ops")
    dispatch = find_node(graph, "dispatch")
    assert graph.edges[dispatch, "set:toy_dispatch"]["count"] == 2
    running = find_node(graph, "running")
    assert not graph.has_edge(running, "set:toy_enqueue")


def test_ops_graph_leaves_out_what_no_callback_may_call_unless_asked() -> None:
    assert "toy_now" not in str(items(build_ops_graph(DECIDER, "other_ops"), "kfunc"))
    shown = items(build_ops_graph(DECIDER, "other_ops", refused=True), "kfunc")
    assert shown[("toy_now",)] == "refused"


def test_class_graph_leads_from_narrow_to_wide_without_implied_steps() -> None:
    graph = build_class_graph(DECIDER, "toy_ops")
    labels = {(graph.nodes[a]["items"][0], graph.nodes[b]["items"][0]) for a, b in graph.edges}
    assert labels == {("select_cpu", "enqueue"), ("enqueue", "dispatch")}


def test_shared_graph_parts_the_kfuncs_of_two_types() -> None:
    graph = build_shared_graph(DECIDER, "toy_ops", "other_ops")
    assert graph.nodes["part:both"]["items"] == ("bpf_common",)
    assert set(graph.nodes["part:only toy_ops"]["items"]) == {
        "toy_both",
        "toy_insert",
        "toy_move",
        "toy_now",
    }
    assert "part:only other_ops" not in graph
