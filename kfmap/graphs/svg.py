"""Graphs drawn as SVG: classes instead of styles, so that a strict CSP lets it stand in a page.

Every node and edge carries its name (`data-node`, `data-from`, `data-to`) for scripts, a `<title>`
for people, and its verdict as a class; verdicts differ in line as well as in colour.
"""

from __future__ import annotations

from pathlib import Path

import networkx as nx

from kfmap.graphs.layout import LINE, MARGIN, PADDING, Box, Layout, place_nodes
from kfmap.safe_text.xml import xml_attribute, xml_text

STYLE = Path(__file__).with_name("graph.css")
_LEGEND = (
    ("allowed", "allowed"),
    ("mixed", "in part"),
    ("refused", "refused"),
    ("only_if_sleepable", "only if sleepable"),
    ("will_not_load", "will not load"),
    ("fails_at_run_time", "fails at run time"),
    ("unknown", "not known"),
)
_LEGEND_HEIGHT = 34
_LEGEND_STEP = 170


def draw_svg(graph: nx.DiGraph[str], *, standalone: bool = False, name: str = "graph") -> str:
    """Draw a graph. `standalone` brings its own style; `name` makes the ids of one page differ."""
    layout = place_nodes(graph)
    legend = _draw_legend(graph, layout)
    width = max(layout.width, 20 + _LEGEND_STEP * len(used_verdicts(graph)))
    height = layout.height + _LEGEND_HEIGHT
    kinds = "kf-graph kf-standalone" if standalone else "kf-graph"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{kinds}" role="img"'
        f" aria-labelledby={xml_attribute(f'{name}-title {name}-desc')}"
        f' viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}">',
        f"<title id={xml_attribute(name + '-title')}>{xml_text(graph.graph['title'])}</title>",
        f"<desc id={xml_attribute(name + '-desc')}>{xml_text(graph.graph['description'])}</desc>",
    ]
    if standalone:
        parts.append(f"<style>{STYLE.read_text()}</style>")
        parts.append('<rect class="kf-background" width="100%" height="100%"/>')
    parts += [
        f'<text class="kf-heading" x="{x:.1f}" y="{MARGIN + LINE / 2}">{xml_text(words)}</text>'
        for x, words in layout.headings
    ]
    parts.append('<g class="kf-edges">')
    parts += [_draw_edge(graph, layout, *edge) for edge in sorted(graph.edges)]
    parts.append('</g><g class="kf-nodes">')
    parts += [_draw_node(graph, node, layout.boxes[node]) for node in sorted(graph.nodes)]
    parts += ["</g>", legend, "</svg>"]
    return "\n".join(parts) + "\n"


def _draw_node(graph: nx.DiGraph[str], node: str, box: Box) -> str:
    data = graph.nodes[node]
    names = "|".join((data["label"], *data["items"]))
    words = f"{data['label']} ({data['verdict']})"
    if len(data["items"]) > 1:
        words += ": " + ", ".join(data["items"])
    lines = [_draw_line(box, number, line, "kf-label") for number, line in enumerate(box.lines)]
    if box.note:
        lines.append(_draw_line(box, len(box.lines), box.note, "kf-note"))
    kinds = f"kf-node kf-{data['kind']} kf-{data['verdict']}"
    return (
        f'<g class="{kinds}" data-node={xml_attribute(node)}'
        f" data-names={xml_attribute(names)}>"
        f"<title>{xml_text(words)}</title>"
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
        f' rx="4"/>{"".join(lines)}</g>'
    )


def _draw_line(box: Box, number: int, text: str, kind: str) -> str:
    x, y = box.x + PADDING, box.y + PADDING / 2 + LINE * number + LINE * 0.75
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{xml_text(text)}</text>'


def _draw_edge(graph: nx.DiGraph[str], layout: Layout, start: str, end: str) -> str:
    data = graph.edges[start, end]
    a, b = layout.boxes[start], layout.boxes[end]
    y1, y2 = a.y + a.height / 2, b.y + b.height / 2
    x1, x2 = (a.x + a.width, b.x) if b.x > a.x else (a.x + a.width, b.x + b.width)
    bend = max(abs(x2 - x1) / 2, 30)
    away = x2 - bend if b.x > a.x else x2 + bend
    words = f"{graph.nodes[start]['label']} → {graph.nodes[end]['label']}: {data['count']}"
    return (
        f'<path class="kf-edge kf-{data["verdict"]}" data-from={xml_attribute(start)}'
        f" data-to={xml_attribute(end)}"
        f' d="M{x1:.1f} {y1:.1f}C{x1 + bend:.1f} {y1:.1f} {away:.1f} {y2:.1f} {x2:.1f} {y2:.1f}">'
        f"<title>{xml_text(words)}</title></path>"
    )


def used_verdicts(graph: nx.DiGraph[str]) -> list[tuple[str, str]]:
    """Return the verdicts of a graph with the words of its legend."""
    used = {graph.nodes[node]["verdict"] for node in graph}
    used |= {graph.edges[edge]["verdict"] for edge in graph.edges}
    return [item for item in _LEGEND if item[0] in used]


def _draw_legend(graph: nx.DiGraph[str], layout: Layout) -> str:
    y = layout.height + _LEGEND_HEIGHT / 2
    parts = ['<g class="kf-legend" aria-hidden="true">']
    for number, (verdict, words) in enumerate(used_verdicts(graph)):
        x = 20 + number * _LEGEND_STEP
        parts.append(f'<path class="kf-edge kf-{verdict}" d="M{x} {y - 4:.1f}h28"/>')
        parts.append(f'<text class="kf-note" x="{x + 36}" y="{y:.1f}">{xml_text(words)}</text>')
    return "".join([*parts, "</g>"])
