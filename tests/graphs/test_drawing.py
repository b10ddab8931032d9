"""Drawing and exports: well-formed, without inline style, safe with hostile names."""

from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as ET
from itertools import combinations
from shutil import which

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from kfmap.graphs.exports import render_dot, render_graphml, render_json
from kfmap.graphs.layout import place_nodes
from kfmap.graphs.nodes import add_node, create_graph, join_nodes
from kfmap.graphs.objects import ObjectCall, ObjectNode, build_object_graph
from kfmap.graphs.ops import build_ops_graph
from kfmap.graphs.svg import draw_svg
from kfmap.permission.decide import Decider
from tests.permission.small_kernel import create_toy_kernel

SVG = "{http://www.w3.org/2000/svg}"
GRAPH = build_ops_graph(Decider(create_toy_kernel()), "toy_ops")
HOSTILE = '<script>alert("1")</script>&\x01'


def create_hostile_graph() -> nx.DiGraph[str]:
    nodes = [ObjectNode(HOSTILE, "program"), ObjectNode("k", "kfunc")]
    return build_object_graph(HOSTILE, nodes, [ObjectCall(HOSTILE, "k")])


def test_svg_has_a_title_a_description_and_every_node_and_edge() -> None:
    root = ET.fromstring(draw_svg(GRAPH))
    assert root.find(f"{SVG}title") is not None
    assert root.find(f"{SVG}desc") is not None
    nodes = [e.get("data-node", "") for e in root.iter(f"{SVG}g") if e.get("data-node")]
    assert sorted(nodes) == sorted(GRAPH.nodes)
    edges = [e for e in root.iter(f"{SVG}path") if e.get("data-from")]
    assert len(edges) == GRAPH.number_of_edges()


def test_svg_in_a_page_has_no_style_and_no_script() -> None:
    text = draw_svg(GRAPH)
    assert "style" not in text
    assert "<script" not in draw_svg(create_hostile_graph())


def test_standalone_svg_brings_its_style() -> None:
    assert "<style>" in draw_svg(GRAPH, standalone=True)


def test_boxes_do_not_overlap_and_lie_in_the_picture() -> None:
    layout = place_nodes(GRAPH)
    for box in layout.boxes.values():
        assert box.x >= 0 and box.x + box.width <= layout.width
        assert box.y >= 0 and box.y + box.height <= layout.height
    for a, b in combinations(layout.boxes.values(), 2):
        apart = (
            a.x + a.width <= b.x
            or b.x + b.width <= a.x
            or a.y + a.height <= b.y
            or b.y + b.height <= a.y
        )
        assert apart


def test_graphml_and_json_hold_the_same_nodes_and_edges() -> None:
    root = ET.fromstring(render_graphml(GRAPH))
    space = "{http://graphml.graphdrawing.org/xmlns}"
    body = json.loads(render_json(GRAPH))
    assert body["version"] == 1
    assert len(list(root.iter(f"{space}node"))) == len(body["nodes"]) == len(GRAPH)
    assert len(list(root.iter(f"{space}edge"))) == len(body["edges"])


def test_exports_carry_hostile_names() -> None:
    graph = create_hostile_graph()
    ET.fromstring(draw_svg(graph))
    ET.fromstring(render_graphml(graph))
    assert json.loads(render_json(graph))["nodes"][0]["id"] == HOSTILE
    assert '\\"1\\"' in render_dot(graph)


def test_dot_is_read_by_graphviz_where_it_is_installed() -> None:
    dot = which("dot")
    if dot:
        done = subprocess.run([dot, "-Tplain"], input=render_dot(GRAPH).encode(), check=True)
        assert done.returncode == 0
    assert render_dot(GRAPH).count("->") == GRAPH.number_of_edges()


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40), st.text(max_size=8)
)
def test_drawing_never_fails(edges: list[tuple[int, int]], word: str) -> None:
    graph = create_graph(word, word)
    for number in range(13):
        add_node(graph, f"{number}", "kfunc", [word] * (number + 1), number % 3, note=word)
    for start, end in edges:
        join_nodes(graph, f"{start}", f"{end}")
    place_nodes(graph)
    render_graphml(graph)
    render_json(graph)
