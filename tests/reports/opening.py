"""Reports read back as people's programs read them."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import openpyxl
import pytest
from lxml import html

from kfmap.reports.document import (
    Entry,
    Finding,
    Level,
    Report,
    Rule,
    Section,
    SignOff,
    State,
    Table,
    made_by,
)

# The schema of OASIS, as in npm's @microsoft/jest-sarif 1.0.0-beta.0 (MIT).
SARIF_SCHEMA = Path(__file__).parents[1] / "verifier/engine/reports/data/sarif-2.1.0-rtm.5.json"
HOSTILE = ("<script>alert(1)</script>", "=1+1", "evil\x1b[2J", "\u202egnp.exe", "中\U0001f4a9&amp;")


def create_report(*names: str, rows: int = 1, signed: bool = False) -> Report:
    """Make a report in which the names stand in every place that takes a text."""
    name = " ".join(names) or "scx_bpf_toy"
    data = Table("findings", ("kfunc", "verdict", "line"), ((name, "refused", 12),) * rows)
    sign_off = SignOff(name, "signed off", name, "2026-11-02 10:00 UTC", f"{name}\n{name}", name)
    return Report(
        "toy",
        f"Report on {name}",
        (f"{name} is refused.",),
        (
            Section("First", (name,), (Entry(name, (name,), (f"{name}();",)),)),
            Section("Second", tables=(data,)),
            *(Section(item) for item in names),
        ),
        (data, Table(f"calls [{name}]", ("kfunc", "weak"), ((name, True), (None, False)))),
        (("object", "ab" * 32), *made_by()),
        (sign_off,) if signed else (),
        signable=True,
        findings=tuple(_finding(item, state) for item in (name, *names) for state in State),
    )


def validate_sarif(log: Any) -> None:
    """Refuse what is not valid by the schema of OASIS."""
    schema = json.loads(SARIF_SCHEMA.read_text())
    jsonschema.validators.validator_for(schema)(schema).validate(log)


def _finding(name: str, state: State) -> Finding:
    places = ((f"kernel/{name}.c", 12), ("kernel/b.c", 0))
    return Finding(Rule("toy", name), Level.ERROR, name, f"{name} is refused.", places, state)


def read_workbook(data: bytes) -> dict[str, list[tuple[Any, ...]]]:
    """Return the values of each sheet by its name; a formula would be read as its text."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert not kinds & {"f", "e"}, "a formula or an error"
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def read_page(text: str) -> Any:
    """Return the document of a self-contained HTML file."""
    page = html.document_fromstring(text.encode())
    assert not page.xpath(
        "//script | //link | //iframe | //img | //*[@src] | //@*[starts-with(name(), 'on')]"
    )
    return page


def read_pdf(data: bytes, folder: Path) -> str:
    """Return the text of a PDF as poppler reads it, laid out; pages end with a form feed."""
    return _poppler("pdftotext", folder, data, "-layout", "report.pdf", "-").decode()


def draw_pdf(data: bytes, folder: Path) -> list[bytes]:
    """Return the pages as grey pictures (PGM) of 40 dots per inch."""
    _poppler("pdftoppm", folder, data, "-r", "40", "-gray", "report.pdf", "page")
    return [path.read_bytes() for path in sorted(folder.glob("page*.pgm"))]


def _poppler(program: str, folder: Path, data: bytes, *arguments: str) -> bytes:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed (poppler-utils)")
    (folder / "report.pdf").write_bytes(data)
    done = subprocess.run([path, *arguments], cwd=folder, capture_output=True, check=True)
    assert not done.stderr, done.stderr
    return done.stdout
