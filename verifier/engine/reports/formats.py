"""The table of formats."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from kfmap.quick_dataclass import dataclass
from kfmap.reports.formats import FORMATS
from verifier.engine.reports.model import DEFAULT, CheckedObject, ReportOptions


@dataclass(frozen=True, slots=True)
class Renderer:
    """How one format is made, served and named: by a function of the module `NAME_report`, or by
    one of `shared`, which has the formats that are made alike. `names_kernels`: it says what
    `ReportOptions.kernels` knows, which takes time to find out.
    """

    name: str
    function: str
    media_type: str
    suffix: str
    shared: str = ""
    is_text: bool = True
    names_kernels: bool = False

    def render(self, objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT) -> str:
        """Return the report of a format that is text."""
        text = self._make(objects, options)
        assert isinstance(text, str), f"{self.name} is no text"
        return text

    def render_bytes(
        self, objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT
    ) -> bytes:
        """Return the report as bytes, text in UTF-8."""
        made = self._make(objects, options)
        return made.encode(errors="backslashreplace") if isinstance(made, str) else made

    def _make(self, objects: Sequence[CheckedObject], options: ReportOptions) -> str | bytes:
        """Import the module, now that it is asked for, and make the report."""
        module = import_module(f"verifier.engine.reports.{self.shared or f'{self.name}_report'}")
        made: str | bytes = getattr(module, self.function)(objects, options)
        return made


def _document(name: str, *, is_text: bool = False) -> Renderer:
    of = FORMATS[name]
    return Renderer(
        name, f"render_{name}", of.media_type, of.suffix, "document_report", is_text, True
    )


_ALL = (
    Renderer("text", "render_text", "text/plain", "txt"),
    Renderer("json", "render_json", "application/json", "json", names_kernels=True),
    Renderer("csv", "render_findings", "text/csv", "csv"),
    Renderer("markdown", "render_markdown", "text/markdown", "md"),
    Renderer("sarif", "render_sarif", "application/sarif+json", "sarif"),
    Renderer("junit", "render_junit", "application/xml", "xml"),
    Renderer("github", "render_github", "text/plain", "txt"),
    _document("html", is_text=True),
    _document("pdf"),
    _document("xlsx"),
    Renderer("svg", "render_svg", "image/svg+xml", "svg", "graph_report"),
    Renderer("graphml", "render_graphml", "application/graphml+xml", "graphml", "graph_report"),
    Renderer("dot", "render_dot", "text/vnd.graphviz", "dot", "graph_report"),
)
RENDERERS = {renderer.name: renderer for renderer in _ALL}
