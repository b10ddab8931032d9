"""Markdown, to paste into a patch discussion or a CI summary."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kfmap import __version__
from kfmap.safe_text.printable import printable
from verifier.engine.reports.model import CheckedObject, headline
from verifier.engine.result import WORDS, Finding, FindingKind


def render_markdown(objects: Sequence[CheckedObject]) -> str:
    """Return a table of verdicts and a list of findings for each object, then the version."""
    lines = [line for obj in objects for line in _lines(obj)]
    return "".join(f"{line}\n" for line in [*lines, f"kfmap {__version__}"])


def _lines(obj: CheckedObject) -> Iterator[str]:
    yield f"## {_escape(obj.file)}"
    yield ""
    if obj.problem:
        yield f"Could not be read: {_escape(obj.problem)}"
        yield ""
        return
    yield from _table(obj)
    for kernel, row, finding in obj.findings():
        if finding.kind != FindingKind.DEAD:
            yield from _finding_lines(kernel, row.program, finding)
    yield ""


def _table(obj: CheckedObject) -> Iterator[str]:
    kernels = [verdict.kernel for verdict in obj.verdicts]
    words = {(kernel, row.program): WORDS[row.verdict] for kernel, row in obj.rows()}
    programs = dict.fromkeys(row.program for _, row in obj.rows())
    yield f"| program | {' | '.join(_escape(kernel) for kernel in kernels)} |"
    yield f"|---{'|---' * len(kernels)}|"
    for program in programs:
        cells = " | ".join(words.get((kernel, program), "") for kernel in kernels)
        yield f"| {_escape(program)} | {cells} |"
    yield ""
    for item in obj.unchecked:
        yield f"- {_escape(item.kernel)}: {_escape(item.problem)}"


def _finding_lines(kernel: str, program: str, finding: Finding) -> Iterator[str]:
    yield f"- {_escape(f'{kernel}, {program}: {headline(program, finding)}')}"
    if finding.source:
        source = finding.source
        yield f"  - {_escape(f'{source.file}:{source.line}: {source.text}')}"
    for reason in finding.reasons:
        place = f" ({reason.file}:{reason.line})" if reason.file else ""
        yield f"  - {_escape(reason.text + place)}"
    if finding.suggestion:
        yield f"  - try: {_escape(finding.suggestion)}"


def _escape(text: str) -> str:
    """Keep names from being read as Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]<>|#&])", r"\\\1", printable(text))
