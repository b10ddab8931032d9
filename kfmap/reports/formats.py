"""The table of formats that every report has."""

from __future__ import annotations

from importlib import import_module

from kfmap.quick_dataclass import dataclass
from kfmap.reports.document import Report


@dataclass(frozen=True, slots=True)
class Format:
    """How a report is made in one format, served and named: by a function of `module`."""

    name: str
    module: str
    function: str
    media_type: str
    suffix: str

    def render(self, report: Report) -> bytes:
        """Return the report; its module is imported when it is asked for."""
        made: str | bytes = getattr(import_module(self.module), self.function)(report)
        return made.encode() if isinstance(made, str) else made


_GRAPH = "kfmap.reports.graph"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ALL = (
    Format("html", "kfmap.reports.html", "render_html", "text/html", "html"),
    Format("pdf", "kfmap.reports.pdf", "render_pdf", "application/pdf", "pdf"),
    Format("xlsx", "kfmap.reports.xlsx", "render_xlsx", _XLSX, "xlsx"),
    Format("markdown", "kfmap.reports.markdown", "render_markdown", "text/markdown", "md"),
    Format("json", "kfmap.reports.plain", "render_json", "application/json", "json"),
    Format("csv", "kfmap.reports.plain", "render_table_csv", "text/csv", "csv"),
    Format("sarif", "kfmap.reports.sarif", "render_sarif", "application/sarif+json", "sarif"),
    Format("junit", "kfmap.reports.junit", "render_junit", "application/xml", "xml"),
    Format("svg", _GRAPH, "render_svg", "image/svg+xml", "svg"),
    Format("graphml", _GRAPH, "render_graphml", "application/graphml+xml", "graphml"),
    Format("dot", _GRAPH, "render_dot", "text/vnd.graphviz", "dot"),
)
FORMATS = {item.name: item for item in _ALL}
_OF_GRAPHS = ("svg", "graphml", "dot")
_OF_FINDINGS = ("sarif", "junit")
_OF_OBJECTS = ("text", "github")


class NoSuchFormatError(LookupError):
    """The report does not come in this format; the message says why, and names those it has."""


def list_formats(report: Report) -> list[str]:
    """Return the formats that a report comes in: those of graphs where it draws one, those of
    findings where it may have some."""
    draws = any(section.graphs for section in report.sections)
    finds = report.findings is not None
    return [
        name
        for name in FORMATS
        if (draws or name not in _OF_GRAPHS) and (finds or name not in _OF_FINDINGS)
    ]


def render_report(report: Report, name: str) -> bytes:
    """Return a report in a format. Raises NoSuchFormatError."""
    there = list_formats(report)
    if name in there:
        return FORMATS[name].render(report)
    why = f"There is no format “{name}” here"
    if name in _OF_GRAPHS:
        why = "This report draws no graph"
    elif name in _OF_FINDINGS:
        why = f"“{name}” is for findings, which this report has none of by its nature"
    elif name in _OF_OBJECTS:
        why = f"“{name}” is for the findings in an object, which this report is not about"
    raise NoSuchFormatError(f"{why}; there are {', '.join(there)}.")
