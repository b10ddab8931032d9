"""The table of formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from verifier.engine.reports.csv_report import render_findings
from verifier.engine.reports.json_report import render_json
from verifier.engine.reports.junit_report import render_junit
from verifier.engine.reports.markdown_report import render_markdown
from verifier.engine.reports.model import CheckedObject
from verifier.engine.reports.sarif_report import render_sarif
from verifier.engine.reports.text_report import render_text


@dataclass(frozen=True, slots=True)
class Renderer:
    """How one format is made, served and named."""

    render: Callable[[Sequence[CheckedObject]], str]
    media_type: str
    suffix: str


RENDERERS = {
    "text": Renderer(render_text, "text/plain", "txt"),
    "json": Renderer(render_json, "application/json", "json"),
    "csv": Renderer(render_findings, "text/csv", "csv"),
    "markdown": Renderer(render_markdown, "text/markdown", "md"),
    "sarif": Renderer(render_sarif, "application/sarif+json", "sarif"),
    "junit": Renderer(render_junit, "application/xml", "xml"),
}
