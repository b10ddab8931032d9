"""Text for a terminal: the verdicts first, then what is behind those that are not `passes`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kfmap import __version__
from kfmap.safe_text.printable import printable
from verifier.engine.judging.compare import find_span, loads
from verifier.engine.reports.model import CheckedObject, headline
from verifier.engine.result import (
    LEFT_OUT,
    PASSES,
    WORDS,
    Finding,
    FindingKind,
    ProgramVerdict,
    Step,
)


def render_text(objects: Sequence[CheckedObject]) -> str:
    """Return all objects, one after the other, and by which version they were checked."""
    lines = [line for obj in objects for line in _lines(obj)]
    return "".join(f"{printable(line)}\n" for line in [*lines, f"kfmap {__version__}"])


def _lines(obj: CheckedObject) -> Iterator[str]:
    yield obj.file
    if obj.problem:
        yield f"  could not be read: {obj.problem}"
    for item in obj.unchecked:
        yield f"  on {item.kernel}: {item.problem}"
    for verdict in obj.verdicts:
        words = [row.verdict for row in verdict.programs]
        passing, left_out = words.count(PASSES), words.count(LEFT_OUT)
        beside = f", {left_out} left out by the loader" if left_out else ""
        loaded = len(words) - left_out
        pass_ = "program passes" if loaded == 1 else "programs pass"
        yield f"  on {verdict.kernel}: {passing} of {loaded} {pass_}{beside}"
        for row in verdict.programs:
            if row.verdict != PASSES:
                yield from _program_lines(row)
    if len(obj.verdicts) > 1:
        span = find_span([(verdict.kernel, loads(verdict)) for verdict in obj.verdicts])
        yield f"  {span.words}"
    for note in obj.summary.notes if obj.summary else ():
        yield f"  note: {note}"


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
        place = f" ({reason.file}:{reason.line})" if reason.file else ""
        yield f"        because {reason.text}{place}"
    if finding.legal_in:
        yield f"        may be called in: {', '.join(finding.legal_in)}"
    if finding.suggestion:
        yield f"        try: {finding.suggestion}"


def _step(step: Step) -> str:
    place = f"in {step.function}"
    if step.instruction is not None:
        place += f", instruction {step.instruction}"
    if step.source is None:
        return place
    return f"{place}, {step.source.file}:{step.source.line}: {step.source.text}"
