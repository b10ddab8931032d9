"""The data of a report for programs: JSON with all its tables, CSV with the first."""

from __future__ import annotations

import json

from kfmap.reports.document import VERSION, Report
from kfmap.safe_text.csv_rows import render_csv


def render_json(report: Report) -> str:
    """Return the report as `report.schema.json` describes it; tables are lists of objects."""
    body = {
        "version": VERSION,
        "kind": report.kind,
        "title": report.title,
        "lead": list(report.lead),
        "tables": {
            table.name: [dict(zip(table.columns, row, strict=True)) for row in table.rows]
            for table in report.sheets
        },
        "provenance": [{"name": name, "value": value} for name, value in report.provenance],
    }
    return json.dumps(body, indent=1) + "\n"


def render_table_csv(report: Report) -> str:
    """Return the first table of data."""
    first = report.sheets[0]
    return render_csv(first.columns, first.rows)
