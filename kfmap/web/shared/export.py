"""Exports of pages: `?format=` picks a format from one table for tables, one for graphs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx
from django.http import Http404, HttpResponse
from django.utils.text import slugify

from kfmap.graphs.exports import render_dot, render_graphml, render_json
from kfmap.graphs.svg import draw_svg
from kfmap.reports.document import Report, made_by
from kfmap.reports.document import Table as ReportTable
from kfmap.reports.formats import FORMATS, NoSuchFormatError, render_report
from kfmap.safe_text.csv_rows import Value, render_csv

VERSION = 1
_XLSX = FORMATS["xlsx"]


@dataclass(frozen=True, slots=True)
class Table:
    """What a page shows, as rows. `name` becomes the file's name."""

    name: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class Exporter:
    """A format: its media type and how a thing of type T is written in it."""

    media_type: str
    render: Callable[[Table], str | bytes]


@dataclass(frozen=True, slots=True)
class GraphExporter:
    """A format of graphs."""

    media_type: str
    render: Callable[[nx.DiGraph[str]], str]


def _render_table_xlsx(table: Table) -> bytes:
    rows = tuple(tuple(row) for row in table.rows)
    sheet = ReportTable(table.name, table.columns, rows)
    return _XLSX.render(Report("table", table.name, (), (), (sheet,), made_by()))


def _render_table_json(table: Table) -> str:
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    body = {"version": VERSION, "name": table.name, "rows": rows}
    return json.dumps(body, indent=1) + "\n"


TABLE_FORMATS = {
    "csv": Exporter("text/csv", lambda table: render_csv(table.columns, table.rows)),
    "json": Exporter("application/json", _render_table_json),
    "xlsx": Exporter(_XLSX.media_type, _render_table_xlsx),
}
GRAPH_FORMATS = {
    "svg": GraphExporter("image/svg+xml", lambda graph: draw_svg(graph, standalone=True)),
    "graphml": GraphExporter("application/graphml+xml", render_graphml),
    "dot": GraphExporter("text/vnd.graphviz", render_dot),
    "json": GraphExporter("application/json", render_json),
}
# What a page may give besides: by the ending of the file.
TEXT_TYPES = {
    "c": "text/plain",
    "csv": "text/csv",
    "json": "application/json",
    "txt": "text/plain",
}


def export_table(chosen: str, table: Table) -> HttpResponse:
    """Answer with a table in the chosen format. Raises Http404 for a format there is not."""
    exporter = TABLE_FORMATS.get(chosen)
    if exporter is None:
        raise _no_format(chosen, TABLE_FORMATS)
    return _attach(exporter.render(table), exporter.media_type, table.name, chosen)


def export_report(chosen: str, report: Report) -> HttpResponse:
    """Answer with a report in the chosen format. Raises Http404 for a format there is not."""
    try:
        body = render_report(report, chosen)
    except NoSuchFormatError as error:
        raise Http404(str(error)) from error
    made_as = FORMATS[chosen]
    return _attach(body, made_as.media_type, report.title, made_as.suffix)


def export_graph(chosen: str, graph: nx.DiGraph[str]) -> HttpResponse:
    """Answer with a graph in the chosen format. Raises Http404 for a format there is not."""
    exporter = GRAPH_FORMATS.get(chosen)
    if exporter is None:
        raise _no_format(chosen, GRAPH_FORMATS)
    return _attach(exporter.render(graph), exporter.media_type, graph.graph["title"], chosen)


def export_text(chosen: str, renderers: Mapping[str, Callable[[], str]], name: str) -> HttpResponse:
    """Answer with a page's own text in the chosen format. Raises Http404 if it has no such one."""
    render = renderers.get(chosen)
    if render is None:
        raise _no_format(chosen, renderers)
    return _attach(render(), TEXT_TYPES[chosen], name, chosen)


def _attach(body: str | bytes, media_type: str, name: str, suffix: str) -> HttpResponse:
    is_binary = media_type in (_XLSX.media_type, FORMATS["pdf"].media_type)
    content_type = media_type if is_binary else f"{media_type}; charset=utf-8"
    response = HttpResponse(body, content_type=content_type)
    file_name = f"kfmap-{slugify(name.replace('.', '-'))[:80]}.{suffix}"
    response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response


def _no_format(chosen: str, formats: Iterable[str]) -> Http404:
    return Http404(f"There is no format “{chosen}” here; there are {', '.join(formats)}.")
