"""One HTML file that needs nothing else: its style inside, no scripts, ready to be printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kfmap.reports.document import TONES, Entry, Report, Section, SignOff, Table
from kfmap.safe_text.csv_rows import Value
from kfmap.safe_text.xml import xml_attribute, xml_text

_STYLE = Path(__file__).with_name("report.css")
# Whoever opens the file is to run nothing and to fetch nothing, whatever names it holds.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
SIGN_HERE = ("Decision", "Name", "Date", "Signature")


def render_html(report: Report) -> str:
    """Return the report; names are escaped, hidden characters shown as their escapes."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{xml_text(report.title)}</title>",
        f"<style>{_STYLE.read_text()}</style></head><body>",
        f"<header><h1>{xml_text(report.title)}</h1>",
        *(f'<p class="lead">{xml_text(line)}</p>' for line in report.lead),
        "</header>",
        *_contents(report),
        "<main>",
        *(part for at, section in enumerate(report.sections, 1) for part in _section(at, section)),
        *_sign_off(report),
        *_provenance(report),
        "</main></body></html>",
    ]
    return "\n".join(parts) + "\n"


def _contents(report: Report) -> Iterator[str]:
    yield '<nav aria-label="Contents"><h2>Contents</h2><ol>'
    for at, section in enumerate(report.sections, 1):
        yield f'<li><a href="#part-{at}">{xml_text(section.title)}</a></li>'
    if _has_sign_off(report):
        yield '<li><a href="#sign-off">Sign-off</a></li>'
    yield '<li><a href="#provenance">Provenance</a></li></ol></nav>'


def _section(at: int, section: Section) -> Iterator[str]:
    yield f'<section id="part-{at}"><h2>{xml_text(section.title)}</h2>'
    yield from (f"<p>{xml_text(text)}</p>" for text in section.paragraphs)
    for entry in section.entries:
        yield from _entry(entry)
    for table in section.tables:
        yield from _table(table)
    for number, graph in enumerate(section.graphs):
        from kfmap.graphs.svg import draw_svg  # networkx takes a tenth of a second

        svg = draw_svg(graph, standalone=True, name=f"graph-{at}-{number}")
        yield f'<figure tabindex="0">{svg}</figure>'
    yield "</section>"


def _entry(entry: Entry) -> Iterator[str]:
    yield f"<article><h3>{xml_text(entry.headline)}</h3>"
    yield from (f"<p>{xml_text(text)}</p>" for text in entry.texts)
    if entry.code:
        yield f"<pre>{'<br>'.join(xml_text(line) for line in entry.code)}</pre>"
    yield "</article>"


def _table(table: Table) -> Iterator[str]:
    yield f'<div class="table" tabindex="0" role="region" aria-label={xml_attribute(table.name)}>'
    yield f"<table><caption>{xml_text(table.name)}</caption><thead><tr>"
    yield "".join(f'<th scope="col">{xml_text(column)}</th>' for column in table.columns)
    yield "</tr></thead><tbody>"
    for row in table.rows:
        yield f"<tr>{''.join(_cell(value) for value in row)}</tr>"
    yield "</tbody></table></div>"


def _cell(value: Value) -> str:
    text = "" if value is None else str(value)
    tone = TONES.get(text)
    return f'<td class="{tone}">{xml_text(text)}</td>' if tone else f"<td>{xml_text(text)}</td>"


def _has_sign_off(report: Report) -> bool:
    return bool(report.sign_offs or report.signable)


def _sign_off(report: Report) -> Iterator[str]:
    if not _has_sign_off(report):
        return
    yield '<section id="sign-off" class="sign-off"><h2>Sign-off</h2>'
    yield from (part for item in report.sign_offs for part in _signed(item))
    if not report.sign_offs:
        yield "<p>Nobody has decided yet.</p><dl>"
        yield from (f'<dt>{word}</dt><dd class="line"></dd>' for word in SIGN_HERE)
        yield "</dl>"
    yield "</section>"


def _signed(item: SignOff) -> Iterator[str]:
    yield f"<article><h3>{xml_text(f'{item.author}: {item.decision}')}</h3><dl>"
    for word, text in item.details:
        yield f"<dt>{word}</dt><dd>{xml_text(text)}</dd>"
    yield "</dl>"
    yield from (f"<p>{xml_text(line)}</p>" for line in re.split(r"[\r\n]+", item.text) if line)
    yield "</article>"


def _provenance(report: Report) -> Iterator[str]:
    yield '<section id="provenance"><h2>Provenance</h2><dl>'
    for word, text in report.provenance:
        yield f"<dt>{xml_text(word)}</dt><dd>{xml_text(text)}</dd>"
    yield "</dl></section>"
