"""Tables of PDF reports: their head comes again on every page, wide ones are cut into parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.platypus import LongTable, Paragraph, TableStyle

from kfmap.reports.document import TONES, Table
from kfmap.reports.pdf_fonts import markup
from kfmap.reports.pdf_styles import MARGIN, STYLES
from kfmap.safe_text.csv_rows import Value

_WIDTH = A4[0] - 2 * MARGIN
_MOST_COLUMNS = 9
_NARROWEST, _WIDEST = 6, 42  # characters
_LOOKED_AT = 200  # rows, for the widths
_LOOK = TableStyle(
    [
        ("GRID", (0, 0), (-1, -1), 0.4, HexColor("#c8cccf")),
        ("BACKGROUND", (0, 0), (-1, 0), HexColor("#f6f7f5")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
)
_PAIRS = TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, -1), 0)])


def build_table(table: Table) -> Iterator[Any]:
    """Return the table with its caption; the first column comes again in every part."""
    rest = list(range(1, len(table.columns)))
    step = _MOST_COLUMNS - 1
    parts = [rest[at : at + step] for at in range(0, len(rest), step)] or [[]]
    for number, columns in enumerate(parts, 1):
        name = table.name if len(parts) == 1 else f"{table.name}, part {number} of {len(parts)}"
        yield Paragraph(markup(name), STYLES["caption"])
        yield _part(table, [0, *columns])


def _part(table: Table, columns: Sequence[int]) -> Any:
    head = [Paragraph(markup(table.columns[at]), STYLES["column"]) for at in columns]
    rows = [[_cell(row[at]) for at in columns] for row in table.rows]
    return LongTable(
        [head, *rows], colWidths=_widths(table, columns), repeatRows=1, style=_LOOK, hAlign="LEFT"
    )


def _cell(value: Value) -> Paragraph:
    text = "" if value is None else str(value)
    return Paragraph(markup(text), STYLES[TONES.get(text, "cell")])


def _widths(table: Table, columns: Sequence[int]) -> list[float]:
    """Share the width by the longest texts, so that short columns are not broken."""
    rows = table.rows[:_LOOKED_AT]
    lengths = [
        max([len(table.columns[at]), *(len(str(row[at])) for row in rows if row[at] is not None)])
        for at in columns
    ]
    wanted = [min(max(length, _NARROWEST), _WIDEST) + 2 for length in lengths]
    character = min(_WIDTH / sum(wanted), 5.2)
    return [number * character for number in wanted]


def build_pairs(pairs: Sequence[tuple[str, str]]) -> Any:
    """Return names and values side by side, without lines."""
    rows = [
        [Paragraph(markup(name), STYLES["small"]), Paragraph(markup(value), STYLES["cell"])]
        for name, value in pairs
    ]
    return LongTable(rows, colWidths=[_WIDTH * 0.22, _WIDTH * 0.78], style=_PAIRS, hAlign="LEFT")
