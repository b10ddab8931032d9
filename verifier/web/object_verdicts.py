"""What the page of an object says that is the same for every reader: verdicts, causes, calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.recent import Recent
from verifier.engine.reports.answer import Answer, build_answer
from verifier.engine.reports.cards import Card, find_cards
from verifier.engine.reports.causes import Cause
from verifier.engine.reports.model import KIND_WORDS
from verifier.engine.result import UNKNOWN, FindingKind
from verifier.records.models import BpfObject, Program
from verifier.records.store import Checked, combine_checked, find_checks, read_checks
from verifier.web.object_calls import KfuncCalls, Liveness, load_kfunc_calls, verdicts_of
from verifier.web.verdict_grid import (
    FEW_PROGRAMS,
    GRAVEST_FIRST,
    Cell,
    Row,
    build_cells,
    build_rows,
    index_verdicts,
)

_MOST_OPEN, _MOST_OPEN_OF_MANY = 3, 1  # cards
_KEPT = 32  # objects; one of 130 programs takes about a megabyte


@dataclass(frozen=True)
class CauseCard:
    """A cause as a card that unfolds; the first ones are open."""

    anchor: str
    cause: Cause
    is_open: bool

    @cached_property
    def said(self) -> SafeString:
        """Return its text as HTML: without what readers say of it."""
        return render_to_string("verifier/cause_said.html", {"card": self})

    @property
    def where(self) -> list[tuple[list[str], str]]:
        """Return the programs that it hits, with the kernels on which these are the same."""
        found: dict[str, list[str]] = {}
        for hit in self.cause.hits:
            every = hit.whole and len(hit.programs) > 1
            words = f"all {len(hit.programs)} programs" if every else ", ".join(hit.programs)
            found.setdefault(words, []).append(hit.kernel)
        return [(kernels, words) for words, kernels in found.items()]

    @property
    def headline(self) -> str:
        """Return what it says: of a kfunc, or of the object as a whole."""
        cause = self.cause
        if cause.kfunc and cause.kind != FindingKind.LEFT_OUT:
            return KIND_WORDS[cause.kind]
        return cause.sentence


@dataclass(frozen=True, slots=True)
class CardGroup:
    """Causes that a reader takes for one, each with its own card, in one that unfolds."""

    card: Card
    cards: list[CauseCard]
    is_open: bool


@dataclass(frozen=True, slots=True)
class ProgramPart:
    """A program with its row of the grid and the kfuncs it calls."""

    program: Program
    cells: list[Cell]
    calls: list[KfuncCalls]


@dataclass(frozen=True)
class ObjectVerdicts:
    """The verdicts of an object; `checks` are by the hash of the kernel's facts."""

    object: BpfObject
    kernels: Sequence[Kernel]
    checks: Mapping[str, Checked]
    programs: list[ProgramPart]
    summary: list[Cell]
    answer: Answer
    causes: list[CauseCard]
    groups: list[CardGroup]

    @property
    def rows(self) -> list[Row]:
        """Return the rows of the table of programs by kernels."""
        return build_rows([(part.program, part.cells) for part in self.programs])

    @cached_property
    def grid(self) -> SafeString:
        """Return the table of programs by kernels as HTML."""
        return self._render("verifier/grid.html")

    @cached_property
    def calls(self) -> SafeString:
        """Return the kfuncs that each program calls as HTML."""
        return self._render("verifier/all_calls.html")

    def _render(self, template: str) -> SafeString:
        return render_to_string(template, {"object": self.object, "page": self, "links": True})


_Key = tuple[object, ...]
_kept: Recent[_Key, ObjectVerdicts] = Recent(_KEPT)


def load_verdicts(obj: BpfObject, kernels: Sequence[Kernel]) -> ObjectVerdicts:
    """Return the verdicts on kernels, with the same number of queries for any number of programs.

    They belong to the object, the checks and what the page shows of kernels: where all of these are
    as they were, what was made of them lately is taken.
    """
    rows = find_checks(obj, kernels)
    checked = [(row.pk, row.created_at) for row in rows]
    key = _key_of(obj, kernels, checked)
    found = _kept.get(key) if rows else None
    if found is None:
        found = _build_verdicts(obj, kernels, read_checks(rows))
        _kept.put(key, found)
    return found


def _key_of(
    obj: BpfObject, kernels: Sequence[Kernel], checked: Sequence[tuple[int, datetime]]
) -> _Key:
    shown = (obj.pk, obj.address, obj.file_name, obj.problem, obj.read_at)
    asked = ((row.name, row.facts_hash, row.released, row.estimate) for row in kernels)
    return (*shown, tuple(asked), tuple(sorted(checked)))


def _build_verdicts(
    obj: BpfObject, kernels: Sequence[Kernel], checks: Mapping[str, Checked]
) -> ObjectVerdicts:
    answer = build_answer(combine_checked(obj, kernels[::-1], checks))
    programs = list(obj.programs.all())
    groups = _build_groups(answer, programs)
    cards = [card for group in groups for card in group.cards]
    by_program = index_verdicts(checks)
    anchors = dict(reversed(list(_anchors(cards))))
    liveness = [Liveness(verdicts_of(program, kernels, by_program)) for program in programs]
    calls = load_kfunc_calls(obj, dict(zip((p.pk for p in programs), liveness, strict=True)))
    parts = [
        ProgramPart(
            program,
            build_cells(program, kernels, checks, by_program, anchors),
            calls.get(program.pk, []),
        )
        for program in programs
    ]
    summary = [_worst(at, kernels, parts) for at in range(len(kernels))]
    return ObjectVerdicts(obj, kernels, checks, parts, summary, answer, cards, groups)


def _build_groups(answer: Answer, programs: Sequence[Program]) -> list[CardGroup]:
    """Return the causes as cards; of several alike none is open, so that the group is short."""
    most_open = _MOST_OPEN if len(programs) <= FEW_PROGRAMS else _MOST_OPEN_OF_MANY
    groups: list[CardGroup] = []
    number = 0
    for card in find_cards(answer.causes.shown):
        is_open, made = len(groups) < most_open, []
        for cause in card.causes:
            number += 1
            made.append(CauseCard(f"cause-{number}", cause, is_open and not card.names))
        groups.append(CardGroup(card, made, is_open))
    return groups


def _anchors(cards: Sequence[CauseCard]) -> Iterator[tuple[tuple[str, str], str]]:
    """Return for every cell that a cause hits where the cause stands, the gravest first."""
    for card in cards:
        for hit in card.cause.hits:
            for program in hit.programs:
                yield (hit.kernel, program), card.anchor


def _worst(at: int, kernels: Sequence[Kernel], parts: Sequence[ProgramPart]) -> Cell:
    """Return the object's own cell on a kernel: that of the program that fares worst."""
    cells = [part.cells[at] for part in parts]
    if not cells:
        return Cell(kernels[at].name, UNKNOWN)
    worst = min(cells, key=lambda cell: GRAVEST_FIRST.index(cell.verdict))
    return Cell(kernels[at].name, worst.verdict, worst.anchor, worst.problem)
