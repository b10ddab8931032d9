"""Markdown of a report that is not about objects; those have a shorter one of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kfmap.reports.document import Report, Section, Table
from kfmap.safe_text.printable import printable


def render_markdown(report: Report) -> str:
    """Return headings, sentences and tables; graphs are left out."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield f"# {escape(report.title)}"
    for line in report.lead:
        yield ""
        yield escape(line)
    for section in report.sections:
        yield from _section(section)
    yield ""
    yield "## Provenance"
    yield ""
    yield from (f"- {escape(name)}: {escape(value)}" for name, value in report.provenance)


def _section(section: Section) -> Iterator[str]:
    if not (section.paragraphs or section.entries or section.tables):
        return
    yield ""
    yield f"## {escape(section.title)}"
    for text in section.paragraphs:
        yield ""
        yield escape(text)
    for entry in section.entries:
        yield ""
        yield f"- **{escape(entry.headline)}**"
        yield from (f"  - {escape(text)}" for text in (*entry.texts, *entry.code))
    for table in section.tables:
        yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    yield ""
    yield f"### {escape(table.name)}"
    yield ""
    yield f"| {' | '.join(escape(column) for column in table.columns)} |"
    yield f"|{'---|' * len(table.columns)}"
    for row in table.rows:
        cells = ("" if value is None else escape(str(value)) for value in row)
        yield f"| {' | '.join(cells)} |"


def escape(text: str) -> str:
    """Keep names from being read as Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]<>|#&])", r"\\\1", printable(text))
