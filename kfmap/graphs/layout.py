"""Where the boxes stand: columns from left to right, ordered so that few edges cross.

Sizes are in px for a 12 px monospace font, in which every character is 7.25 px wide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import networkx as nx

from kfmap.graphs.nodes import SET

CHARACTER = 7.25
LINE = 16
PADDING = 10
GAP = 14
COLUMN_GAP = 120
MARGIN = 20
MAX_LINES = 8
MAX_CHARACTERS = 46
_SWEEPS = 12
_MOST_APART = 3 * GAP


@dataclass(frozen=True, slots=True)
class Box:
    """A node's rectangle and the lines of text in it (the last may be a note)."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Layout:
    """All boxes, the size of the picture, and where headings start (x)."""

    boxes: Mapping[str, Box]
    headings: tuple[tuple[float, str], ...]
    width: float
    height: float


def place_nodes(graph: nx.DiGraph[str]) -> Layout:
    """Place the nodes of a graph by their `column`."""
    columns = _order_columns(graph)
    texts = {node: _write_lines(data) for node, data in graph.nodes(data=True)}
    heights = {node: _height(lines, note) for node, (lines, note) in texts.items()}
    totals = [sum(heights[n] + GAP for n in column) - GAP for column in columns]
    tallest = max(totals, default=0)
    words = graph.graph.get("headings", ())
    top = MARGIN + (LINE + GAP if words else 0)
    boxes: dict[str, Box] = {}
    headings: list[tuple[float, str]] = []
    x: float = MARGIN
    for number, (column, total) in enumerate(zip(columns, totals, strict=True)):
        width = max(_width(*texts[node]) for node in column)
        if number < len(words):
            headings.append((x, words[number]))
        gap = _spread(tallest - total, len(column))
        y = top + (tallest - total - gap * (len(column) - 1)) / 2
        for node in column:
            lines, note = texts[node]
            boxes[node] = Box(x, y, width, heights[node], lines, note)
            y += heights[node] + GAP + gap
        x += width + COLUMN_GAP
    width, height = max(x - COLUMN_GAP, MARGIN) + MARGIN, top + tallest + MARGIN
    return Layout(boxes, tuple(headings), width, height)


def _spread(room: float, count: int) -> float:
    """Return by how much more the boxes of a shorter column stand apart, so that edges are flat."""
    return min(room / (count - 1), _MOST_APART) if count > 1 else 0


def _order_columns(graph: nx.DiGraph[str]) -> list[list[str]]:
    """Order each column by the mean place of its neighbours, sweeping back and forth.

    Those in every column on the side that a sweep comes from count: calls may skip columns.
    """
    by_number: dict[int, list[str]] = {}
    for node in sorted(graph):
        by_number.setdefault(graph.nodes[node]["column"], []).append(node)
    columns = [by_number[number] for number in sorted(by_number)]
    undirected = graph.to_undirected(as_view=True)
    for sweep in range(_SWEEPS if columns else 0):  # a graph of nothing has none
        order = range(1, len(columns)) if sweep % 2 == 0 else range(len(columns) - 2, -1, -1)
        near = _places(columns[0] if sweep % 2 == 0 else columns[-1])
        for index in order:
            own = _places(columns[index])
            columns[index].sort(key=lambda node: (_mean(undirected, node, near, own), node))
            near |= _places(columns[index])
    return columns


def _places(column: Sequence[str]) -> dict[str, float]:
    """Return how far down each node of a column stands, from 0 to 1."""
    return {node: (place + 0.5) / len(column) for place, node in enumerate(column)}


def _mean(
    graph: nx.Graph[str], node: str, near: Mapping[str, float], own: Mapping[str, float]
) -> float:
    places = [near[other] for other in graph.neighbors(node) if other in near]
    return fmean(places) if places else own[node]  # exact, so that their order does not matter


def _write_lines(data: Mapping[str, object]) -> tuple[tuple[str, ...], str]:
    """Return the lines of a node: its names while they are few, else the first and a count."""
    items = data["items"]
    label, note = str(data["label"]), str(data["note"])
    assert isinstance(items, tuple)
    if len(items) < 2 or data["kind"] == SET:
        return (_shorten(label),), note
    if len(items) <= MAX_LINES:
        return tuple(_shorten(item) for item in items), note
    shown = tuple(_shorten(item) for item in items[: MAX_LINES - 1])
    return (*shown, f"and {len(items) - len(shown)} more"), note


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"


def _width(lines: tuple[str, ...], note: str) -> float:
    return max(map(len, (*lines, note))) * CHARACTER + 2 * PADDING


def _height(lines: tuple[str, ...], note: str) -> float:
    return (len(lines) + bool(note)) * LINE + PADDING
