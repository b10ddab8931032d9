"""Which uploaded programs a draft lets pass or refuses: their stored verdicts, judged anew.

What a check found stays true in a draft but for the cells that flip, so only the live calls in
these are decided again. Calls of which the check was not sure that they are live count as live; a
kept variant can be checked like any kernel, which walks the code again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Prefetch

from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.context import Context
from kfmap.permission.context_words import ATTACH_BY_TYPE, full_target
from kfmap.permission.decide import Decider
from kfmap.permission.verdict import FAILS, REFUSED, UNKNOWN
from kfmap.permission.view import STRUCT_OPS_TYPE
from kfmap.permission.what_if.flips import Flip
from verifier.engine.judging.contexts import callback_context, decide
from verifier.engine.object.model import StructOpsUse
from verifier.engine.result import FindingKind, find_word
from verifier.records.models import BpfObject, Call, Check, Finding, Program, Verdict
from verifier.records.newest import newest_ids
from verifier.spaces.access import Reader

_MOST_OBJECTS = 500
_KIND_OF = {
    REFUSED: FindingKind.NOT_ALLOWED,
    FAILS: FindingKind.RUN_TIME,
    UNKNOWN: FindingKind.UNKNOWN,
}
_OF_CELLS = frozenset(_KIND_OF.values())


@dataclass(frozen=True, slots=True)
class Affected:
    """A program whose verdict a draft changes; `kfuncs` are the reason."""

    object: BpfObject
    program: str
    kfuncs: tuple[str, ...]
    before: str
    after: str

    @property
    def words(self) -> tuple[str, str]:
        """Return both verdicts for people."""
        return str(Verdict.Word(self.before).label), str(Verdict.Word(self.after).label)


@dataclass(frozen=True, slots=True)
class Effect:
    """The programs whose verdict changes; `unchecked` objects have no verdicts on the kernel yet.

    `latest`: so many objects, the latest ones, were looked at, and there are more; 0 for all.
    """

    affected: tuple[Affected, ...]
    unchecked: int
    latest: int


def find_effect(
    kernel: LoadedKernel, after: Decider, flips: Sequence[Flip], reader: Reader
) -> Effect:
    """Return what a draft does to uploads that the reader may see and whose kfuncs' cells flip."""
    flipped = {flip.kfunc for flip in flips}
    latest = list(newest_ids(reader, _MOST_OBJECTS))
    calls = Call.objects.filter(object__in=latest, kfunc__in=flipped).order_by()
    looked_at = list(calls.values_list("object", flat=True).distinct())
    objects = BpfObject.objects.visible_to(reader).in_bulk(looked_at)
    verdicts = list(
        Verdict.objects.filter(
            check_row__in=Check.objects.current().filter(
                object__in=looked_at, facts_hash=kernel.facts_hash
            )
        )
        .select_related("check_row")
        .prefetch_related(Prefetch("findings", Finding.objects.defer("data")))
    )
    programs = {
        (program.object_id, program.name): program
        for program in Program.objects.filter(object__in=looked_at)
    }
    judge = _Judge(kernel.decider, after, flipped, objects)
    found = [
        judge.judge(row, program)
        for row in verdicts
        if (program := programs.get((row.check_row.object_id, row.program)))
    ]
    checked = {row.check_row.object_id for row in verdicts}
    return Effect(
        affected=tuple(item for item in found if item),
        unchecked=len(set(looked_at) - checked),
        latest=_MOST_OBJECTS if len(latest) == _MOST_OBJECTS else 0,
    )


@dataclass(frozen=True, slots=True)
class _Judge:
    """Decides the live calls of programs anew where cells flip."""

    before: Decider
    after: Decider
    flipped: Collection[str]
    objects: Mapping[int, BpfObject]

    def judge(self, row: Verdict, program: Program) -> Affected | None:
        """Return the program if its verdict changes."""
        context = _context_of(program)
        changed = {}
        for kfunc in row.live_kfuncs:
            if kfunc in self.flipped:
                was = _decide(self.before, context, kfunc)
                is_now = _decide(self.after, context, kfunc)
                if was != is_now:
                    changed[kfunc] = _KIND_OF.get(is_now, "")
        kinds = {
            finding.kind
            for finding in row.findings.all()
            if finding.kfunc not in changed or finding.kind not in _OF_CELLS
        }
        word = find_word(kinds | set(changed.values()) - {""})
        if not changed or word == row.verdict:
            return None
        kfuncs = tuple(sorted(changed))
        return Affected(
            self.objects[row.check_row.object_id], row.program, kfuncs, row.verdict, word
        )


def _decide(decider: Decider, context: Context, kfunc: str) -> str:
    verdict = decide(decider, context, kfunc)
    return FAILS if verdict.run_time == FAILS else verdict.verdict


def _context_of(program: Program) -> Context:
    """Return the context a program was checked in; for struct_ops that of its first use."""
    if program.program_type == STRUCT_OPS_TYPE:
        uses = [StructOpsUse(**use) for use in program.struct_ops]
        return callback_context(uses, program.sleepable)
    word = ATTACH_BY_TYPE.get((program.program_type, program.attach_type), "")
    target = full_target(word, program.target) if program.target else None
    return Context(
        program.program_type, program.attach_type or None, target, sleepable=program.sleepable
    )
