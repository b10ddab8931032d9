"""The graph of a report by itself: drawn, and for other graph tools."""

from __future__ import annotations

from kfmap.reports.document import Graph, Report


class NoGraphError(LookupError):
    """The report draws nothing."""


def render_svg(report: Report) -> str:
    """Return the drawing. Raises NoGraphError."""
    from kfmap.graphs.svg import draw_svg  # networkx takes a tenth of a second

    return draw_svg(_graph_of(report), standalone=True)


def render_graphml(report: Report) -> str:
    """Return the graph for graph tools. Raises NoGraphError."""
    from kfmap.graphs import exports

    return exports.render_graphml(_graph_of(report))


def render_dot(report: Report) -> str:
    """Return the graph for Graphviz. Raises NoGraphError."""
    from kfmap.graphs import exports

    return exports.render_dot(_graph_of(report))


def _graph_of(report: Report) -> Graph:
    """Return the first graph of the report."""
    for section in report.sections:
        for graph in section.graphs:
            return graph
    raise NoGraphError
