"""Text for a terminal: the answer per kernel in one line, then one paragraph per cause.

With `everything`, all findings of every program on every kernel follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kfmap import __version__
from kfmap.safe_text.printable import printable
from verifier.engine.reports.agreed import agreed_lines
from verifier.engine.reports.answer import Answer, build_answer, count, say_span
from verifier.engine.reports.cards import Card, find_cards
from verifier.engine.reports.causes import Hit
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
from verifier.engine.result import (
    PASSES,
    WORDS,
    Finding,
    FindingKind,
    ProgramVerdict,
    SourceLine,
    Step,
)

_MOST_CAUSES = 12
_MOST_BRANCHES = 6
_NAMED = 4


def render_text(objects: Sequence[CheckedObject], options: ReportOptions = DEFAULT) -> str:
    """Return all objects, one after the other, what was judged, and by which version."""
    lines = [line for obj in objects for line in _lines(obj, options)]
    if agreed := list(agreed_lines(options)):
        lines += ["agreed", *(f"  {line}" for line in agreed)]
    if any(obj.verdicts for obj in objects):
        lines.append(JUDGED)
    return "".join(f"{printable(line)}\n" for line in [*lines, f"kfmap {__version__}"])


def _lines(obj: CheckedObject, options: ReportOptions) -> Iterator[str]:
    yield obj.file
    if obj.problem:
        yield f"  could not be read: {obj.problem}"
        return
    answer = build_answer(obj)
    yield f"  {answer.line}"
    if obj.origin:
        yield f"  Built from {obj.origin.words}."
    if span := say_span(answer, options):
        yield f"  {span}"
    yield from _branch_lines(answer, options)
    yield from _cause_lines(answer, options)
    yield from opinion_text(obj)
    for note in obj.summary.notes if obj.summary else ():
        yield f"  note: {note}"
    for sentence in estimates_of(obj, options):
        yield f"  note: {sentence}"
    if options.everything:
        yield from _everything(obj)


def _branch_lines(answer: Answer, options: ReportOptions) -> Iterator[str]:
    """Return which kfuncs are live on some kernels only, where their programs pass."""
    branches = answer.branches
    shown = branches if options.everything else branches[:_MOST_BRANCHES]
    for at, branch in enumerate(shown):
        yield f"  {'live only' if not at else '         '} {branch.words}"
    if len(shown) < len(branches):
        yield f"            and {count(len(branches) - len(shown), 'more way', 'more ways')}"


def _cause_lines(answer: Answer, options: ReportOptions) -> Iterator[str]:
    cards = find_cards(answer.causes.shown)
    shown = cards if options.everything else cards[:_MOST_CAUSES]
    for number, card in enumerate(shown, 1):
        yield ""
        yield f"  {number}. {card.headline}"
        if card.likewise:
            yield f"     {card.likewise}"
        yield f"     {'; '.join(_hit_text(hits) for hits in _alike(card.hits))}"
        yield from _card_lines(card, options)
    if not options.everything and (left := _left(len(cards) - len(shown), answer)):
        yield ""
        yield f"  {left}: --all shows everything."


def _left(hidden: int, answer: Answer) -> str:
    """Return what is not shown, "" where nothing is left."""
    followed = answer.causes.followed
    parts = [
        count(hidden, "more cause", "more causes") if hidden else "",
        count(followed, "finding follows from these", "findings follow from these")
        if followed
        else "",
    ]
    return ", and ".join(part for part in parts if part)


def _alike(hits: Sequence[Hit]) -> Iterator[list[Hit]]:
    """Return the hits in groups that name the same programs."""
    groups: dict[tuple[bool, tuple[str, ...]], list[Hit]] = {}
    for hit in hits:
        groups.setdefault((hit.whole, hit.programs), []).append(hit)
    yield from groups.values()


def _hit_text(hits: Sequence[Hit]) -> str:
    kernels = ", ".join(hit.kernel for hit in hits)
    programs = hits[0].programs
    if hits[0].whole:
        return f"on {kernels}: all {len(programs)} programs"
    rest = f" and {len(programs) - _NAMED} more" if len(programs) > _NAMED else ""
    return f"on {kernels}: {', '.join(programs[:_NAMED])}{rest}"


def _card_lines(card: Card, options: ReportOptions) -> Iterator[str]:
    places = [cause.example for cause in card.causes if cause.example.path]
    shown = places if options.everything else places[:_NAMED]
    for finding in shown:
        yield f"     {subject(finding.kfunc, finding)}{_at(finding.source)}"
    if len(shown) < len(places):
        yield f"     and {count(len(places) - len(shown), 'more place', 'more places')}"
    finding = card.first.example
    if finding.kfunc and finding.reasons:
        yield f"     because {finding.reasons[-1].full_text}"
    if finding.legal_in:
        yield f"     may be called in: {_few(finding.legal_in)}"
    if card.suggestion:
        yield f"     try: {card.suggestion}"


def _few(names: Sequence[str]) -> str:
    rest = f" and {len(names) - 2 * _NAMED} more" if len(names) > 2 * _NAMED else ""
    return ", ".join(names[: 2 * _NAMED]) + rest


def _at(source: SourceLine | None) -> str:
    return "" if source is None else f", {source.file}:{source.line}: {source.text}"


def _everything(obj: CheckedObject) -> Iterator[str]:
    for verdict in reversed(obj.verdicts):
        passing = sum(row.verdict == PASSES for row in verdict.programs)
        number = len(verdict.programs)
        pass_ = "program passes" if number == 1 else "programs pass"
        yield ""
        yield f"  on {verdict.kernel}: {passing} of {number} {pass_}"
        for row in verdict.programs:
            if row.verdict != PASSES:
                yield from _program_lines(row)


def _program_lines(row: ProgramVerdict) -> Iterator[str]:
    yield f"    {row.program}: {WORDS[row.verdict]}"
    for finding in row.findings:
        if finding.kind != FindingKind.DEAD:
            yield from _finding_lines(row.program, finding)


def _finding_lines(program: str, finding: Finding) -> Iterator[str]:
    yield f"      {headline(program, finding)}"
    for step in finding.path:
        yield f"        {_step(step)}"
    for line in finding.disassembly:
        yield f"        | {line}"
    for reason in finding.reasons:
        yield f"        because {reason.full_text}"
    if finding.legal_in:
        yield f"        may be called in: {', '.join(finding.legal_in)}"
    if finding.suggestion:
        yield f"        try: {finding.suggestion}"


def _step(step: Step) -> str:
    place = f"in {step.function}"
    if step.instruction is not None:
        place += f", instruction {step.instruction}"
    return place + _at(step.source)
