"""The report on two versions of an object: what is new, gone and the same, by fingerprint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kfmap.reports.document import (
    Finding,
    Level,
    Report,
    Rule,
    Section,
    State,
    Table,
    made_by,
)
from kfmap.safe_text.csv_rows import Value
from verifier.engine.reports.answer import build_answer, count
from verifier.engine.reports.cards import find_cards
from verifier.engine.reports.causes import Cause
from verifier.engine.reports.document_report import card_entry, kernel_words
from verifier.engine.reports.model import DEFAULT, KIND_WORDS, CheckedObject, ReportOptions
from verifier.engine.reports.sarif_report import cause_level, cause_message, source_path
from verifier.engine.result import WORDS
from verifier.engine.summary import ProgramSummary

_NONE, _UNCHANGED = "no such program", "the same"
_CODE = ("state", "program", "instructions before", "instructions after")


def build_version_report(
    old: CheckedObject, new: CheckedObject, options: ReportOptions = DEFAULT
) -> Report:
    """Return what changed from one version to the next; both could be read."""
    before, after = build_answer(old), build_answer(new)
    causes = _compare_causes(before.causes.shown, after.causes.shown)
    findings = Table(
        "findings",
        ("state", "fingerprint", "kind", "kfunc", "text", "kernels", "programs"),
        tuple(_cause_row(state, cause) for state in causes for cause in causes[state]),
    )
    verdicts = Table(
        "verdicts", ("kernel", "program", "before", "after"), tuple(_verdicts(old, new))
    )
    code = Table("programs", _CODE, tuple(_programs(old, new)))
    kfuncs = Table("kfuncs", ("state", "program", "kfunc"), tuple(_kfuncs(old, new)))
    told = ", ".join(
        count(len(causes[state]), f"finding is {word}", f"findings are {word}")
        for state, word in ((State.NEW, "new"), (State.GONE, "gone"), (State.SAME, "the same"))
    )
    return Report(
        "versions",
        f"What changed from {old.file} to {new.file}"
        if old.file != new.file
        else f"What changed in {new.file}",
        (f"{told}.", f"Now: {after.line}"),
        (
            _causes("New findings", causes[State.NEW]),
            _causes("Findings that are gone", causes[State.GONE]),
            _causes("Findings that stay", causes[State.SAME]),
            _table("Verdicts that changed", _of_both(verdicts)),
            _table("Programs, and how many instructions each has", _changed(code)),
            _table("Programs and kfuncs that came and went", kfuncs),
        ),
        (findings, verdicts, code, kfuncs),
        (
            ("before", _words(old)),
            ("after", _words(new)),
            *((f"kernel {kernel.name}", kernel_words(kernel)) for kernel in options.kernels),
            *made_by(),
        ),
        findings=tuple(
            _reported(state, cause, options)
            for state in (State.NEW, State.SAME, State.GONE)
            for cause in causes[state]
        ),
    )


def _reported(state: State, cause: Cause, options: ReportOptions) -> Finding:
    """Return a cause for code review tools and CI, by the line of source that it names."""
    source = cause.example.source
    places: tuple[tuple[str, int], ...] = ()
    if source is not None and source.file:
        places = ((source_path(source.file, options.source_root), source.line),)
    return Finding(
        Rule(cause.kind, KIND_WORDS[cause.kind]),
        Level(cause_level(cause, options)),
        cause.kfunc or cause.programs[0],
        cause_message(cause, options),
        places,
        state,
        cause.fingerprint,
    )


def _compare_causes(before: Sequence[Cause], after: Sequence[Cause]) -> dict[State, list[Cause]]:
    """Return the findings by what became of them."""
    known, now = ({cause.fingerprint for cause in causes} for causes in (before, after))
    return {
        State.NEW: [cause for cause in after if cause.fingerprint not in known],
        State.GONE: [cause for cause in before if cause.fingerprint not in now],
        State.SAME: [cause for cause in after if cause.fingerprint in known],
    }


def _words(obj: CheckedObject) -> str:
    told = f"{obj.file}, SHA-256 {obj.sha256}"
    return f"{told}, {obj.origin.words}" if obj.origin else told


def _programs(old: CheckedObject, new: CheckedObject) -> Iterator[tuple[str, str, Value, Value]]:
    """Return each program of either version: whether it came, went, changed or stayed."""
    before, after = (_by_name(obj) for obj in (old, new))
    for name in {**before, **after}:
        was, now = before.get(name), after.get(name)
        if was is None or now is None:
            state = "new" if was is None else "gone"
        elif not (was.code and now.code):
            state = "not known"
        else:
            state = _UNCHANGED if was.code == now.code else "other instructions"
        yield state, name, _count(was), _count(now)


def _count(row: ProgramSummary | None) -> Value:
    if row is None:
        return ""
    return "not known" if row.instructions is None else row.instructions


def _by_name(obj: CheckedObject) -> dict[str, ProgramSummary]:
    return {row.name: row for row in (obj.summary.programs if obj.summary else ())}


def _of_both(verdicts: Table) -> Table:
    """Return the verdicts on programs that both have; the others stand among the programs."""
    rows = tuple(row for row in verdicts.rows if _NONE not in row)
    return Table(verdicts.name, verdicts.columns, rows)


def _changed(code: Table) -> Table:
    """Return the programs that people want to see: those that are not the same."""
    return Table(code.name, code.columns, tuple(row for row in code.rows if row[0] != _UNCHANGED))


def _cause_row(state: str, cause: Cause) -> tuple[str, str, str, str, str, str, str]:
    kernels, programs = ", ".join(cause.kernels), ", ".join(cause.programs)
    kind = KIND_WORDS[cause.kind]
    return state, cause.fingerprint, kind, cause.kfunc, cause.text, kernels, programs


def _causes(title: str, causes: Sequence[Cause]) -> Section:
    entries = tuple(card_entry(card) for card in find_cards(causes))
    return Section(title, () if causes else ("None.",), entries)


def _table(title: str, table: Table) -> Section:
    return Section(title, tables=(table,)) if table.rows else Section(title, ("None.",))


def _verdicts(old: CheckedObject, new: CheckedObject) -> Iterator[tuple[str, str, str, str]]:
    """Return the programs whose verdict is not what it was, newest kernel first."""
    before = {(kernel, row.program): row.verdict for kernel, row in old.rows()}
    after = {(kernel, row.program): row.verdict for kernel, row in new.rows()}
    kernels = [verdict.kernel for verdict in reversed((*old.verdicts, *new.verdicts))]
    programs = dict.fromkeys(program for _, program in (*before, *after))
    for kernel in dict.fromkeys(kernels):
        for program in programs:
            was, now = before.get((kernel, program)), after.get((kernel, program))
            if was != now:
                yield (
                    kernel,
                    program,
                    WORDS.get(was or "", _NONE),
                    WORDS.get(now or "", _NONE),
                )


def _kfuncs(old: CheckedObject, new: CheckedObject) -> Iterator[tuple[str, str, str]]:
    before, after = _reached(old), _reached(new)
    yield from (("new", *pair) for pair in after if pair not in before)
    yield from (("gone", *pair) for pair in before if pair not in after)


def _reached(obj: CheckedObject) -> dict[tuple[str, str], None]:
    """Return (program, kfunc) in the order of the object, and (program, "") for each program."""
    programs = obj.summary.programs if obj.summary else ()
    pairs = [
        (program.name, kfunc)
        for program in programs
        for kfunc in ("", *(call.kfunc for call in program.calls))
    ]
    return dict.fromkeys(pairs)
