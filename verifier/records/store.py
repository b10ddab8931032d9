"""Summaries and verdicts ↔ rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone

from kfmap.catalogue.models import Kernel, Kfunc
from kfmap.catalogue.recent import Recent
from kfmap.permission.engine import ENGINE_VERSION
from verifier.engine import result
from verifier.engine.judging.externs import MODULE_RULE
from verifier.engine.object.model import StructOpsUse
from verifier.engine.reports import CheckedObject, Unchecked
from verifier.engine.result import ObjectVerdict, ProgramVerdict, SourceLine
from verifier.engine.result_json import parse_finding, parse_path, plain
from verifier.engine.summary import CallSummary, ObjectSummary, ProgramSummary
from verifier.records.models import BpfObject, Call, Check, Finding, Job, Program, Verdict
from verifier.records.models.object import BpfObjectQuerySet

_BATCH = 500
_NAME, _TEXT = 255, 500
_READ_LATELY = 100  # checks
_OBJECTS = 50  # read at once
R = TypeVar("R", Program, Check)


def pending_kernels(obj: BpfObject) -> list[Kernel]:
    """Return the kernels of the map that this engine has not checked the object on.

    A check is not counted that took a kfunc for a module's which a kernel of the map has by now.
    """
    checks = Check.objects.current().filter(object=obj)
    taken_for_modules = Finding.objects.filter(
        verdict__check_row__in=checks,
        data__reasons__0__rule=MODULE_RULE,
        kfunc__in=Kfunc.objects.filter(kernel__in=Kernel.objects.listed()).values("name"),
    )
    known = checks.exclude(pk__in=taken_for_modules.values("verdict__check_row"))
    return list(Kernel.objects.listed().exclude(facts_hash__in=known.values("facts_hash")))


def find_stale() -> BpfObjectQuerySet:
    """Return the objects that this engine has checked on no kernel, though nothing keeps it from
    that, and that nobody is about to check."""
    others = Q(checked_by__lt=ENGINE_VERSION) | Q(checked_by__gt=ENGINE_VERSION)
    waiting = Job.objects.open().filter(object=OuterRef("pk"))
    return BpfObject.objects.filter(others, ~Exists(waiting), problem="")


def note_checked(obj: BpfObject) -> None:
    """Keep that the object has verdicts of this engine."""
    if obj.checked_by != ENGINE_VERSION:
        obj.checked_by = ENGINE_VERSION
        obj.save(update_fields=["checked_by"])


@transaction.atomic
def save_summary(obj: BpfObject, summary: ObjectSummary) -> None:
    """Keep what the object holds; a second time changes nothing but the time."""
    obj.programs.all().delete()
    rows = Program.objects.bulk_create(
        [_program_row(obj, at, program) for at, program in enumerate(summary.programs)]
    )
    Call.objects.bulk_create(
        (
            call
            for row, program in zip(rows, summary.programs, strict=True)
            for call in _call_rows(row, program)
        ),
        batch_size=_BATCH,
    )
    obj.license, obj.notes = summary.license[:200], list(summary.notes)
    obj.problem, obj.read_at = "", timezone.now()
    obj.save(update_fields=["license", "notes", "problem", "read_at"])


def save_problem(obj: BpfObject, problem: str) -> None:
    """Keep why the object could not be read."""
    obj.problem, obj.read_at = problem, timezone.now()
    obj.save(update_fields=["problem", "read_at"])


@transaction.atomic
def forget_problems(obj: BpfObject) -> None:
    """Have a next job try again what could not be done, unless one is at it."""
    if obj.jobs.open().exists():
        return
    obj.checks.exclude(problem="").delete()
    if obj.problem:
        obj.problem, obj.read_at = "", None
        obj.save(update_fields=["problem", "read_at"])


def save_verdict(obj: BpfObject, facts_hash: str, verdict: ObjectVerdict) -> None:
    """Keep the verdicts on one kernel, in place of what this engine said before."""
    save_verdicts(obj, {facts_hash: verdict})


@transaction.atomic
def save_verdicts(obj: BpfObject, verdicts: Mapping[str, ObjectVerdict]) -> None:
    """Keep the verdicts by the hash of a kernel's facts, in as many queries for any number."""
    checks = _new_checks(obj, dict.fromkeys(verdicts, ""))
    said = [
        (check, item)
        for check, verdict in zip(checks, verdicts.values(), strict=True)
        for item in verdict.programs
    ]
    rows = Verdict.objects.bulk_create(
        (
            Verdict(
                check_row=check,
                program=item.program,
                verdict=item.verdict,
                live_kfuncs=list(item.live_kfuncs),
                all_kfuncs=list(item.all_kfuncs),
            )
            for check, item in said
        ),
        batch_size=_BATCH,
    )
    Finding.objects.bulk_create(
        (
            Finding(verdict=row, kind=found.kind, kfunc=found.kfunc[:_NAME], data=plain(found))
            for row, (_, item) in zip(rows, said, strict=True)
            for found in item.findings
        ),
        batch_size=_BATCH,
    )


@transaction.atomic
def save_unchecked(obj: BpfObject, facts_hash: str, problem: str) -> None:
    """Keep why the object could not be checked on one kernel."""
    _new_checks(obj, {facts_hash: problem})


@dataclass(frozen=True, slots=True)
class Checked:
    """An object on one kernel, from its rows; `problem` says why it could not be checked."""

    problem: str
    programs: tuple[ProgramVerdict, ...]


_read_lately: Recent[tuple[int, datetime], Checked] = Recent(_READ_LATELY)


def load_checks(obj: BpfObject, kernels: Iterable[Kernel]) -> dict[str, Checked]:
    """Return the checks by facts hash, with their verdicts and findings, in three queries."""
    return read_checks(find_checks(obj, kernels))


def find_checks(obj: BpfObject, kernels: Iterable[Kernel]) -> list[Check]:
    """Return the rows of the checks that this engine made of an object on some kernels."""
    hashes = {kernel.facts_hash for kernel in kernels}
    return [check for check in Check.objects.current_of(obj) if check.facts_hash in hashes]


def read_checks(checks: Sequence[Check]) -> dict[str, Checked]:
    """Return what rows of checks say by facts hash, in two queries.

    The rows of a check never change, so those read lately are kept.
    """
    found = {check.facts_hash: _read_lately.get((check.pk, check.created_at)) for check in checks}
    unread = [check for check in checks if found[check.facts_hash] is None]
    programs = _read_programs(unread) if unread else {}
    for check in unread:
        read = Checked(check.problem, tuple(programs.get(check.pk, ())))
        found[check.facts_hash] = read
        _read_lately.put((check.pk, check.created_at), read)
    return {facts_hash: read for facts_hash, read in found.items() if read}


def _read_programs(checks: Iterable[Check]) -> dict[int, list[ProgramVerdict]]:
    """Return the verdicts on all programs by the id of the check."""
    findings: dict[int, list[result.Finding]] = {}
    rows = Finding.objects.filter(verdict__check_row__in=checks).values_list("verdict_id", "data")
    for verdict_id, data in rows:
        findings.setdefault(verdict_id, []).append(parse_finding(data))
    programs: dict[int, list[ProgramVerdict]] = {}
    for row in Verdict.objects.filter(check_row__in=checks):
        said = tuple(findings.get(row.pk, ()))
        live, reachable = tuple(row.live_kfuncs), tuple(row.all_kfuncs)
        verdict = ProgramVerdict(row.program, row.verdict, said, live, reachable)
        programs.setdefault(row.check_row_id, []).append(verdict)
    return programs


def load_checked(obj: BpfObject, kernels: Iterable[Kernel]) -> CheckedObject:
    """Return the object with its verdicts, as reports take it."""
    kernels = list(kernels)
    summary = load_summary(obj) if obj.read_at and not obj.problem else None
    return combine_checked(obj, kernels, load_checks(obj, kernels), summary)


def load_all_checked(
    objects: Sequence[BpfObject], kernels: Iterable[Kernel]
) -> Iterator[CheckedObject]:
    """Return objects with their verdicts, as reports take them, in few queries for fifty."""
    kernels = list(kernels)
    hashes = {kernel.facts_hash for kernel in kernels}
    for begin in range(0, len(objects), _OBJECTS):
        some = objects[begin : begin + _OBJECTS]
        programs = _group(Program.objects.prefetch_related("calls").filter(object__in=some))
        rows = Check.objects.current().filter(object__in=some, facts_hash__in=hashes)
        checks, said = _group(rows), _read_programs(rows)
        for obj in some:
            known = {
                check.facts_hash: Checked(check.problem, tuple(said.get(check.pk, ())))
                for check in checks.get(obj.pk, ())
            }
            is_read = obj.read_at and not obj.problem
            summary = _summarize(obj, programs.get(obj.pk, ())) if is_read else None
            yield combine_checked(obj, kernels, known, summary)


def _group(rows: Iterable[R]) -> dict[int, list[R]]:
    found: dict[int, list[R]] = {}
    for row in rows:
        found.setdefault(row.object_id, []).append(row)
    return found


def combine_checked(
    obj: BpfObject,
    kernels: Iterable[Kernel],
    checks: Mapping[str, Checked],
    summary: ObjectSummary | None = None,
) -> CheckedObject:
    """Return what was loaded of an object as reports take it, kernels in their order."""
    asked = [(row.name, checks[row.facts_hash]) for row in kernels if row.facts_hash in checks]
    return CheckedObject(
        file=obj.file_name,
        sha256=obj.sha256,
        summary=summary,
        verdicts=tuple(
            ObjectVerdict(name, check.programs) for name, check in asked if not check.problem
        ),
        unchecked=tuple(Unchecked(name, check.problem) for name, check in asked if check.problem),
        problem=obj.problem,
    )


def load_summary(obj: BpfObject) -> ObjectSummary:
    """Return what `save_summary` was given."""
    return _summarize(obj, obj.programs.prefetch_related("calls"))


def _summarize(obj: BpfObject, rows: Iterable[Program]) -> ObjectSummary:
    programs = tuple(
        ProgramSummary(
            name=row.name,
            section=row.section,
            program_type=row.program_type,
            attach_type=row.attach_type or None,
            target=row.target or None,
            struct_ops=tuple(StructOpsUse(**use) for use in row.struct_ops),
            sleepable=row.sleepable,
            optional=row.optional,
            calls=tuple(_call_of(call) for call in row.calls.all()),
            instructions=row.instructions,
            code=row.code,
        )
        for row in rows
    )
    return ObjectSummary(obj.size, obj.license, programs, tuple(obj.notes))


def _call_of(row: Call) -> CallSummary:
    source = SourceLine(row.file, row.line, row.text) if row.file else None
    return CallSummary(row.kfunc, row.weak, parse_path(row.path), row.instruction, source)


def put_calls_in_objects() -> None:
    """Note the object of calls that a worker of a release before this one has written."""
    program = Program.objects.filter(pk=OuterRef("program")).values("object")
    Call.objects.filter(object=None).update(object=Subquery(program))


def catch_up() -> None:
    """Note which objects a worker of a release before this one has checked."""
    known = Check.objects.current_of_row()
    find_stale().filter(Exists(known)).update(checked_by=ENGINE_VERSION)


def _new_checks(obj: BpfObject, problems: Mapping[str, str]) -> list[Check]:
    """Return fresh rows in place of what there is; `problems` by the hash of the kernel's facts."""
    Check.objects.current_of(obj).filter(facts_hash__in=problems).delete()
    note_checked(obj)
    return Check.objects.bulk_create(
        Check(
            object=obj,
            facts_hash=facts_hash,
            engine_version=ENGINE_VERSION,
            loader_key=obj.loader_key,
            problem=problem,
        )
        for facts_hash, problem in problems.items()
    )


def _program_row(obj: BpfObject, position: int, program: ProgramSummary) -> Program:
    return Program(
        object=obj,
        position=position,
        name=program.name,
        section=program.section,
        program_type=program.program_type,
        attach_type=program.attach_type or "",
        target=program.target or "",
        struct_ops=[plain(use) for use in program.struct_ops],
        sleepable=program.sleepable,
        optional=program.optional,
        instructions=program.instructions,
        code=program.code,
    )


def _call_rows(row: Program, program: ProgramSummary) -> Iterable[Call]:
    for call in program.calls:
        source = call.source
        yield Call(
            program=row,
            object_id=row.object_id,
            kfunc=call.kfunc[:_NAME],
            weak=call.weak,
            instruction=call.instruction,
            path=[plain(step) for step in call.path],
            file=source.file[:_TEXT] if source else "",
            line=source.line if source else 0,
            text=source.text[:_TEXT] if source else "",
        )
