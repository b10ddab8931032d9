"""A graph on a page of a PDF: boxes and arrows where `kfmap.graphs.layout` places them."""

from __future__ import annotations

from typing import Any

from reportlab.lib.colors import Color, HexColor
from reportlab.platypus import Flowable

from kfmap.graphs.layout import LINE, MARGIN, PADDING, Box, place_nodes
from kfmap.graphs.nodes import KFUNC
from kfmap.graphs.svg import used_verdicts
from kfmap.permission.verdict import ALLOWED
from kfmap.reports.document import Graph
from kfmap.reports.pdf_fonts import CODE, load_fonts, shown

_SIZE = 12  # of the font in the units of the layout
_HIGHEST = 640.0  # points: no higher than a page
_LEGEND_HEIGHT, _LEGEND_STEP = 34, 180
_INK, _LINE, _BOX = HexColor("#1c2125"), HexColor("#82888c"), HexColor("#f6f7f5")
_COLOURS = {
    "allowed": HexColor("#14653a"),
    "mixed": HexColor("#7a5500"),
    "refused": HexColor("#a3241b"),
    "only_if_sleepable": HexColor("#0b5a6b"),
    "will_not_load": HexColor("#6d4400"),
    "fails_at_run_time": HexColor("#7d3185"),
    "unknown": HexColor("#50585f"),
}
# Verdicts differ in line as well as in colour, as in `kfmap/graphs/graph.css`.
_DASHES = {
    "mixed": (9, 4),
    "refused": (2, 3),
    "only_if_sleepable": (12, 3),
    "will_not_load": (1, 4),
    "fails_at_run_time": (8, 3, 2, 3),
    "unknown": (5, 4),
}


class GraphFlowable(Flowable):
    """A graph, made smaller until it fits the width and the height of a page."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        load_fonts()
        self._graph = graph
        self._layout = place_nodes(graph)
        self._height = self._layout.height + _LEGEND_HEIGHT
        self._scale = 1.0

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Return the size that it takes in this room."""
        full = max(self._layout.width, MARGIN + _LEGEND_STEP * len(used_verdicts(self._graph)))
        self._scale = min(width / full, min(height, _HIGHEST) / self._height, 0.9)
        return full * self._scale, self._height * self._scale

    def draw(self) -> None:
        """Draw it; the layout counts from the top, PDF from the bottom."""
        canvas = self.canv
        canvas.scale(self._scale, -self._scale)
        canvas.translate(0, -self._height)
        for x, words in self._layout.headings:
            self._write(x, MARGIN + LINE / 2, words, _INK)
        for start, end in sorted(self._graph.edges):
            self._draw_edge(canvas, start, end)
        for node in sorted(self._graph.nodes):
            self._draw_box(canvas, self._layout.boxes[node], self._graph.nodes[node])

        self._draw_legend(canvas)

    def _draw_legend(self, canvas: Any) -> None:
        y = self._layout.height + _LEGEND_HEIGHT / 2
        for number, (verdict, words) in enumerate(used_verdicts(self._graph)):
            x = MARGIN + number * _LEGEND_STEP
            canvas.setStrokeColor(_COLOURS.get(verdict, _LINE))
            canvas.setDash(_DASHES.get(verdict, ()))
            canvas.line(x, y - 4, x + 28, y - 4)
            self._write(x + 36, y, words, _INK)

    def _draw_box(self, canvas: Any, box: Box, data: dict[str, Any]) -> None:
        special = data["kind"] == KFUNC or data["verdict"] != ALLOWED
        verdict = data["verdict"]
        canvas.setStrokeColor(_COLOURS.get(verdict, _LINE) if special else _LINE)
        canvas.setFillColor(_BOX)
        canvas.setLineWidth(1.5 if special else 1)
        canvas.setDash(_DASHES.get(verdict, ()))
        canvas.roundRect(box.x, box.y, box.width, box.height, 4, stroke=1, fill=1)
        lines = (*box.lines, box.note) if box.note else box.lines
        for number, line in enumerate(lines):
            y = box.y + PADDING / 2 + LINE * (number + 0.75)
            self._write(box.x + PADDING, y, line, _INK if number < len(box.lines) else _LINE)

    def _draw_edge(self, canvas: Any, start: str, end: str) -> None:
        verdict = self._graph.edges[start, end]["verdict"]
        a, b = self._layout.boxes[start], self._layout.boxes[end]
        x1, y1, y2 = a.x + a.width, a.y + a.height / 2, b.y + b.height / 2
        x2 = b.x if b.x > a.x else b.x + b.width
        bend = max(abs(x2 - x1) / 2, 30)
        away = x2 - bend if b.x > a.x else x2 + bend
        canvas.setStrokeColor(_COLOURS.get(verdict, _LINE))
        canvas.setLineWidth(1.4)
        canvas.setDash(_DASHES.get(verdict, ()))
        canvas.bezier(x1, y1, x1 + bend, y1, away, y2, x2, y2)

    def _write(self, x: float, y: float, text: str, colour: Color) -> None:
        """Write upright, for the picture as a whole is turned upside down."""
        canvas = self.canv
        canvas.saveState()
        canvas.translate(x, y)
        canvas.scale(1, -1)
        canvas.setFillColor(colour)
        canvas.setFont(CODE, _SIZE)
        canvas.drawString(0, 0, shown(text))
        canvas.restoreState()
