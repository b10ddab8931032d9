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


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ALL = (
    Format("html", "kfmap.reports.html", "render_html", "text/html", "html"),
    Format("pdf", "kfmap.reports.pdf", "render_pdf", "application/pdf", "pdf"),
    Format("xlsx", "kfmap.reports.xlsx", "render_xlsx", _XLSX, "xlsx"),
    Format("markdown", "kfmap.reports.markdown", "render_markdown", "text/markdown", "md"),
    Format("json", "kfmap.reports.plain", "render_json", "application/json", "json"),
    Format("csv", "kfmap.reports.plain", "render_table_csv", "text/csv", "csv"),
)
FORMATS = {item.name: item for item in _ALL}
