"""How paragraphs of PDF reports look."""

from __future__ import annotations

from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm

from kfmap.reports.pdf_fonts import BOLD, CODE, TEXT

MARGIN = 18 * mm
_INK, _DIM = HexColor("#1c2125"), HexColor("#565e65")


def _style(name: str, font: str, size: float, **more: Any) -> ParagraphStyle:
    leading = round(size * 1.35, 1)
    return ParagraphStyle(name, fontName=font, fontSize=size, leading=leading, **more)


STYLES = {
    style.name: style
    for style in (
        _style("title", BOLD, 18, spaceAfter=8, textColor=_INK),
        _style("lead", TEXT, 11, spaceAfter=3, textColor=_INK),
        _style("heading", BOLD, 13, spaceBefore=14, spaceAfter=5, keepWithNext=1),
        _style("contents", TEXT, 10, spaceAfter=1),
        _style("entry", BOLD, 10, spaceBefore=7, spaceAfter=1, keepWithNext=1),
        _style("text", TEXT, 9, spaceAfter=2),
        _style("code", CODE, 7.5, leftIndent=8, backColor=HexColor("#f6f7f5")),
        _style("small", TEXT, 8, textColor=_DIM),
        _style("caption", TEXT, 8, textColor=_DIM, spaceBefore=8, spaceAfter=2, keepWithNext=1),
        _style("column", BOLD, 7),
        _style("cell", CODE, 7),
        _style("good", CODE, 7, textColor=HexColor("#14653a")),
        _style("bad", CODE, 7, textColor=HexColor("#a3241b")),
        _style("fails", CODE, 7, textColor=HexColor("#7d3185")),
        _style("part", CODE, 7, textColor=HexColor("#6d4400")),
        _style("unclear", CODE, 7, textColor=_DIM),
    )
}
