"""Which uploaded programs a draft concerns: those whose live calls are in cells that flip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.context import Context
from kfmap.permission.context_words import ATTACH_BY_TYPE, full_target
from kfmap.permission.decide import Decider
from kfmap.permission.verdict import ALLOWED
from kfmap.permission.view import STRUCT_OPS_TYPE
from kfmap.permission.what_if.flips import Flip
from verifier.models import BpfObject, Program, Verdict
from verifier.result import ENGINE_VERSION

_MAX_VERDICTS = 5_000


@dataclass(frozen=True, slots=True)
class Affected:
    """A program's call that the draft permits (`stops` False) or refuses (`stops` True)."""

    object: BpfObject
    program: str
    kfunc: str
    stops: bool


def find_affected(
    kernel: LoadedKernel, after: Decider, flips: Sequence[Flip]
) -> tuple[Affected, ...]:
    """Give the calls of uploaded programs whose permission the draft changes, as checked so far."""
    flipped = {flip.kfunc for flip in flips}
    verdicts = Verdict.objects.filter(
        check_row__facts_hash=kernel.facts_hash, check_row__engine_version=ENGINE_VERSION
    ).select_related("check_row__object")[:_MAX_VERDICTS]
    concerned = [row for row in verdicts if flipped.intersection(row.live_kfuncs)]
    programs = {
        (program.object_id, program.name): program
        for program in Program.objects.filter(
            object__in={row.check_row.object_id for row in concerned}
        )
    }
    found: list[Affected] = []
    for row in concerned:
        program = programs.get((row.check_row.object_id, row.program))
        for kfunc in sorted(flipped.intersection(row.live_kfuncs)) if program else ():
            assert program is not None
            for stops in _changes(kernel.decider, after, program, kfunc):
                found.append(Affected(row.check_row.object, row.program, kfunc, stops))
    return tuple(found)


def _changes(before: Decider, after: Decider, program: Program, kfunc: str) -> Iterator[bool]:
    for context in _contexts(program):
        was = before.decide(context, kfunc).verdict == ALLOWED
        is_now = after.decide(context, kfunc).verdict == ALLOWED
        if was != is_now:
            yield was
            return


def _contexts(program: Program) -> list[Context]:
    """Give the contexts a program runs in: one a struct_ops member, else one."""
    if program.struct_ops:
        return [
            Context(
                STRUCT_OPS_TYPE,
                struct_ops=use["type"],
                member=use["member"],
                sleepable=program.sleepable,
            )
            for use in program.struct_ops
        ]
    word = ATTACH_BY_TYPE.get((program.program_type, program.attach_type), "")
    target = full_target(word, program.target) if program.target else None
    return [
        Context(
            program.program_type,
            program.attach_type or None,
            target,
            sleepable=program.sleepable,
        )
    ]
