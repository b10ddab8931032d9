"""Markdown, to paste into a patch discussion or a CI summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kfmap import __version__
from kfmap.reports.markdown import escape
from verifier.engine.reports.agreed import agreed_lines
from verifier.engine.reports.answer import build_answer, count, say_span
from verifier.engine.reports.cards import Card, find_cards
from verifier.engine.reports.judged import JUDGED
from verifier.engine.reports.model import (
    DEFAULT,
    CheckedObject,
    ReportOptions,
    estimates_of,
    headline,
    subject,
)
from verifier.engine.reports.opinions import opinion_text
from verifier.engine.result import WORDS, Finding, FindingKind


def render_markdown(objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT) -> str:
    """Return for each object its answer, causes and table of verdicts; then the version."""
    lines = [line for obj in objects for line in _lines(obj, options)]
    if agreed := list(agreed_lines(options)):
        lines += ["## Agreed", "", *(f"- {escape(line)}" for line in agreed), ""]
    return "".join(f"{line}\n" for line in [*lines, JUDGED, "", f"kfmap {__version__}"])


def _lines(obj: CheckedObject, options: ReportOptions) -> Iterator[str]:
    yield f"## {escape(obj.file)}"
    yield ""
    if obj.problem:
        yield f"Could not be read: {escape(obj.problem)}"
        yield ""
        return
    answer = build_answer(obj)
    yield escape(answer.line)
    if span := say_span(answer, options):
        yield ""
        yield escape(span)
    if obj.origin:
        yield ""
        yield escape(f"Built from {obj.origin.words}.")
    if answer.branches:
        yield ""
        yield from (f"- live only {escape(branch.words)}" for branch in answer.branches)
    yield ""
    for card in find_cards(answer.causes.shown):
        yield from _card_lines(card)
    yield ""
    yield from _table(obj)
    for said in opinion_text(obj):
        yield f"- {escape(said.strip())}"
    for sentence in estimates_of(obj, options):
        yield f"- {escape(sentence)}"
    if options.everything:
        for kernel, row, finding in obj.findings():
            if finding.kind != FindingKind.DEAD:
                yield from _finding_lines(kernel, row.program, finding)
    yield ""


def _card_lines(card: Card) -> Iterator[str]:
    programs = count(len(card.programs), "program", "programs")
    yield f"- **{escape(card.headline)}** ({escape(', '.join(card.first.kernels))}; {programs})"
    if card.likewise:
        yield f"  - {escape(card.likewise)}"
    for cause in card.causes:
        if source := cause.example.source:
            at = f"{source.file}:{source.line}: {source.text}"
            yield f"  - {escape(f'{subject(cause.programs[0], cause.example)}, {at}')}"
    finding = card.first.example
    if finding.kfunc and finding.reasons:
        yield f"  - {escape(finding.reasons[-1].full_text)}"
    if card.suggestion:
        yield f"  - try: {escape(card.suggestion)}"


def _table(obj: CheckedObject) -> Iterator[str]:
    kernels = [verdict.kernel for verdict in reversed(obj.verdicts)]
    words = {(kernel, row.program): WORDS[row.verdict] for kernel, row in obj.rows()}
    programs = dict.fromkeys(row.program for _, row in obj.rows())
    yield f"| program | {' | '.join(escape(kernel) for kernel in kernels)} |"
    yield f"|---{'|---' * len(kernels)}|"
    for program in programs:
        cells = " | ".join(words.get((kernel, program), "") for kernel in kernels)
        yield f"| {escape(program)} | {cells} |"
    yield ""
    for item in obj.unchecked:
        yield f"- {escape(item.kernel)}: {escape(item.problem)}"


def _finding_lines(kernel: str, program: str, finding: Finding) -> Iterator[str]:
    yield f"- {escape(f'{kernel}, {program}: {headline(program, finding)}')}"
    if finding.source:
        source = finding.source
        yield f"  - {escape(f'{source.file}:{source.line}: {source.text}')}"
    for reason in finding.reasons:
        yield f"  - {escape(reason.full_text)}"
    if finding.suggestion:
        yield f"  - try: {escape(finding.suggestion)}"
