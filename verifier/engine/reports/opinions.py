"""What booted kernels said of an object, in reports: a line of text, a result of SARIF."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kfmap.reports.document import Section, Table
from verifier.engine.reports.model import CheckedObject
from verifier.engine.result import SourceLine
from verifier.opinions.agreement import Agreement, ComparedProgram

KERNEL_REFUSES = "kernel_refuses"
_MOST_PROGRAMS = 400  # rows of a table that people read
_HELP = (
    "The kernel itself was booted and refuses the program. kfmap judges permission and what stands "
    "beside it; pointers, argument types, references and complexity only the kernel does."
)


def opinion_text(obj: CheckedObject) -> Iterator[str]:
    """Return the lines of the text report: counts per kernel, then what it alone refuses."""
    for item in obj.opinions:
        yield f"  {item.kernel} itself, booted: {item.counts}"
        for row in item.refusals:
            place = f", {row.source}" if row.source else ""
            yield f"    {row.program}: {row.sentence.removesuffix('.')}{place}"


def opinion_section(obj: CheckedObject, title: str) -> Section:
    """Return the part of a document: both words for every program, a table per kernel."""
    tables = tuple(
        Table(
            f"On {item.kernel}, which calls itself {item.opinion.release}",
            ("program", "kfmap", "the kernel", "together", "why it does not load", "at"),
            tuple(
                (
                    row.program,
                    row.our_word,
                    row.kernel_word,
                    row.agreement_word,
                    row.complaint,
                    row.source,
                )
                for row in item.programs[:_MOST_PROGRAMS]
            ),
        )
        for item in obj.opinions
    )
    said = tuple(f"{item.kernel}: {item.counts}." for item in obj.opinions)
    return Section(title, said, tables=tables)


def opinion_rule() -> dict[str, Any]:
    """Return SARIF's rule for what the kernel alone refuses."""
    return {
        "id": KERNEL_REFUSES,
        "shortDescription": {"text": "the booted kernel refuses the program"},
        "fullDescription": {"text": _HELP},
        "help": {"text": _HELP},
        "defaultConfiguration": {"level": "error"},
    }


def find_refusals(obj: CheckedObject) -> Iterator[ComparedProgram]:
    """Return the programs that a kernel refuses and kfmap does not, kernel by kernel."""
    for item in obj.opinions:
        yield from item.refusals


def place_of(row: ComparedProgram) -> SourceLine | None:
    """Return the source line that the kernel's log puts the complaint at, None for none."""
    file, colon, line = row.source.rpartition(":")
    if not colon or not line.isdecimal():
        return None
    text = (row.message.source_text if row.message else None) or ""
    return SourceLine(file, int(line), text)


def level_of(row: ComparedProgram) -> str:
    """Return SARIF's level: an error, or a warning where kfmap and the kernel contradict."""
    return "warning" if row.agreement == Agreement.DIFFERS else "error"
