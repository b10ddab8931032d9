"""The report on two versions of an object: what is new, gone and the same, by fingerprint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kfmap.reports.document import Report, Section, Table, made_by
from verifier.engine.reports.answer import build_answer, count
from verifier.engine.reports.causes import Cause
from verifier.engine.reports.document_report import cause_entry, kernel_words
from verifier.engine.reports.model import DEFAULT, KIND_WORDS, CheckedObject, ReportOptions
from verifier.engine.result import WORDS


def build_version_report(
    old: CheckedObject, new: CheckedObject, options: ReportOptions = DEFAULT
) -> Report:
    """Return what changed from one version to the next; both could be read."""
    before, after = (build_answer(obj).causes.shown for obj in (old, new))
    known, now = ({cause.fingerprint for cause in causes} for causes in (before, after))
    came = [cause for cause in after if cause.fingerprint not in known]
    gone = [cause for cause in before if cause.fingerprint not in now]
    same = [cause for cause in after if cause.fingerprint in known]
    findings = Table(
        "findings",
        ("state", "fingerprint", "kind", "kfunc", "text", "kernels", "programs"),
        tuple(
            _cause_row(state, cause)
            for state, causes in (("new", came), ("gone", gone), ("same", same))
            for cause in causes
        ),
    )
    verdicts = Table(
        "verdicts", ("kernel", "program", "before", "after"), tuple(_verdicts(old, new))
    )
    kfuncs = Table("kfuncs", ("state", "program", "kfunc"), tuple(_kfuncs(old, new)))
    told = ", ".join(
        count(len(causes), f"finding is {word}", f"findings are {word}")
        for word, causes in (("new", came), ("gone", gone), ("the same", same))
    )
    return Report(
        "versions",
        f"What changed from {old.file} to {new.file}"
        if old.file != new.file
        else f"What changed in {new.file}",
        (f"{told}.", f"Now: {build_answer(new).line}"),
        (
            _causes("New findings", came),
            _causes("Findings that are gone", gone),
            _causes("Findings that stay", same),
            _table("Verdicts that changed", verdicts),
            _table("Programs and kfuncs that came and went", kfuncs),
        ),
        (findings, verdicts, kfuncs),
        (
            ("before", f"{old.file}, SHA-256 {old.sha256}"),
            ("after", f"{new.file}, SHA-256 {new.sha256}"),
            *((f"kernel {kernel.name}", kernel_words(kernel)) for kernel in options.kernels),
            *made_by(),
        ),
    )


def _cause_row(state: str, cause: Cause) -> tuple[str, str, str, str, str, str, str]:
    kernels, programs = ", ".join(cause.kernels), ", ".join(cause.programs)
    kind = KIND_WORDS[cause.kind]
    return state, cause.fingerprint, kind, cause.kfunc, cause.text, kernels, programs


def _causes(title: str, causes: Sequence[Cause]) -> Section:
    return Section(
        title, () if causes else ("None.",), tuple(cause_entry(cause) for cause in causes)
    )


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
                    WORDS.get(was or "", "no such program"),
                    WORDS.get(now or "", "no such program"),
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
