"""A workbook: a sheet with the answer and the provenance, then one for each table of data."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import xlsxwriter

from kfmap.reports.document import TONES, Report, Table
from kfmap.safe_text.csv_rows import Value
from kfmap.safe_text.printable import printable

# A workbook has a date of its own; the same report is to give the same bytes.
_NO_DATE = datetime(1980, 1, 1)
_MOST_ROWS = 1_048_575  # of a sheet, below its head
_MOST_TEXT = 32_767  # characters of a cell
_COLOURS = {
    "good": "#14653A",
    "bad": "#A3241B",
    "fails": "#7D3185",
    "part": "#6D4400",
    "unclear": "#50585F",
}
_WIDEST = 60
_LOOKED_AT = 200  # rows, for the width of a column
# Texts stay texts: no formulas, no links, no numbers out of names.
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def render_xlsx(report: Report) -> bytes:
    """Return the workbook; every text is written as a text, never as a formula or a link."""
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, _OPTIONS) as book:
        book.set_properties({"title": printable(report.title)[:255], "created": _NO_DATE})
        writer = _Writer(book)
        writer.add_rows("summary", list(_summary(report)), widths=(28, 90))
        for table in report.sheets:
            writer.add_table(table)
    return data.getvalue()


def _summary(report: Report) -> Iterator[tuple[Value, ...]]:
    yield "report", report.title
    for number, line in enumerate(report.lead):
        yield "" if number else "answer", line
    for item in report.sign_offs:
        yield "sign-off", f"{item.author}: {item.decision}, {item.when}"
        for text in (item.subject, item.rests_on, item.holds, item.text):
            if text:
                yield "", text
    yield from report.provenance


class _Writer:
    """Sheets of one workbook, with the formats that they share."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._names: set[str] = set()
        self._head = book.add_format({"bold": True, "bottom": 1})
        self._plain = book.add_format({"text_wrap": False, "valign": "top"})
        self._tones = {
            tone: book.add_format({"font_color": colour, "valign": "top"})
            for tone, colour in _COLOURS.items()
        }

    def add_table(self, table: Table) -> None:
        """Write a table below its head, which stays in sight and can filter."""
        rows = list(table.rows[:_MOST_ROWS])
        widths = [_width(column, at, rows) for at, column in enumerate(table.columns)]
        sheet = self.add_rows(table.name, rows, tuple(widths), first=1)
        for at, column in enumerate(table.columns):
            sheet.write_string(0, at, printable(column), self._head)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(rows), 1), max(len(table.columns) - 1, 0))

    def add_rows(
        self, name: str, rows: list[tuple[Value, ...]], widths: tuple[int, ...], first: int = 0
    ) -> Any:
        """Write rows to a new sheet from row `first` on."""
        sheet = self._book.add_worksheet(self._unused(name))
        for at, width in enumerate(widths):
            sheet.set_column(at, at, width)
        for number, row in enumerate(rows, first):
            for at, value in enumerate(row):
                self._write(sheet, number, at, value)
        return sheet

    def _write(self, sheet: Any, row: int, column: int, value: Value) -> None:
        if value is None or value == "":
            return
        if isinstance(value, bool):
            sheet.write_boolean(row, column, value, self._plain)
        elif isinstance(value, int):
            sheet.write_number(row, column, value, self._plain)
        else:
            text = printable(value)[:_MOST_TEXT]
            form = self._tones.get(TONES.get(value, ""), self._plain)
            sheet.write_string(row, column, text, form)

    def _unused(self, name: str) -> str:
        """Return a name that Excel takes: 31 characters, without []:*?/\\ and not there yet."""
        plain = re.sub(r"[\[\]:*?/\\']", "-", printable(name))[:28] or "sheet"
        found, number = plain, 2
        while found.lower() in self._names:
            found, number = f"{plain} {number}", number + 1
        self._names.add(found.lower())
        return found


def _width(column: str, at: int, rows: list[tuple[Value, ...]]) -> int:
    longest = max((len(str(row[at])) for row in rows[:_LOOKED_AT] if row[at]), default=0)
    return min(max(longest, len(column) + 3) + 1, _WIDEST)
