"""The table of formats."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from kfmap.quick_dataclass import dataclass
from verifier.engine.reports.model import DEFAULT, CheckedObject, ReportOptions


@dataclass(frozen=True, slots=True)
class Renderer:
    """How one format is made, served and named: by a function of the module `NAME_report`."""

    name: str
    function: str
    media_type: str
    suffix: str

    def render(self, objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT) -> str:
        """Return the report; its module is imported when it is asked for."""
        module = import_module(f"verifier.engine.reports.{self.name}_report")
        text: str = getattr(module, self.function)(objects, options)
        return text


_ALL = (
    Renderer("text", "render_text", "text/plain", "txt"),
    Renderer("json", "render_json", "application/json", "json"),
    Renderer("csv", "render_findings", "text/csv", "csv"),
    Renderer("markdown", "render_markdown", "text/markdown", "md"),
    Renderer("sarif", "render_sarif", "application/sarif+json", "sarif"),
    Renderer("junit", "render_junit", "application/xml", "xml"),
)
RENDERERS = {renderer.name: renderer for renderer in _ALL}
