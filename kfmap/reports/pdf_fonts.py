"""The fonts inside PDF reports, and text as they can show it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from kfmap.safe_text.printable import printable

TEXT, BOLD, CODE = "KfmapSans", "KfmapSansBold", "KfmapMono"
_FOLDER = Path(__file__).parent / "fonts"
_FILES = {TEXT: "DejaVuSans", BOLD: "DejaVuSans-Bold", CODE: "DejaVuSansMono"}


@cache
def load_fonts() -> frozenset[int]:
    """Make the fonts known to ReportLab; return the characters that all of them have."""
    fonts = {name: TTFont(name, _FOLDER / f"{file}.ttf") for name, file in _FILES.items()}
    for font in fonts.values():
        pdfmetrics.registerFont(font)
    known = [frozenset(font.face.charToGlyph) for font in fonts.values()]
    return known[0].intersection(*known[1:])


def shown(text: str) -> str:
    r"""Return one line that the fonts can show; other characters become `\u4e2d`."""
    known = load_fonts()
    return "".join(
        mark if ord(mark) in known else mark.encode("unicode_escape").decode()
        for mark in printable(text)
    )


def markup(text: str) -> str:
    """Return text as the content of a paragraph of ReportLab, which reads tags."""
    return escape(shown(text))
