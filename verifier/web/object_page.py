"""What the page of an object shows: the answer per kernel, the verdict grid, causes, calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kfmap.catalogue.models import Kernel
from verifier.engine.reports.answer import Answer, build_answer
from verifier.engine.reports.causes import Cause
from verifier.engine.reports.judged import STANDS_FOR
from verifier.engine.reports.model import KIND_WORDS
from verifier.engine.result import LEFT_OUT, PASSES, UNKNOWN, FindingKind
from verifier.records.models import BpfObject, Job, Program
from verifier.records.outcome import WORST_FIRST
from verifier.records.store import combine_checked, load_checks
from verifier.web.object_calls import KfuncCalls, Liveness, load_kfunc_calls, verdicts_of
from verifier.web.object_changes import AcrossKernels, build_across
from verifier.web.verdict_grid import UNCHECKED, WAITING, Cell, build_cells, index_verdicts

_MOST_OPEN, _MOST_OPEN_OF_MANY = 3, 1
_MANY_PROGRAMS = 20  # with more the page is folded further, so that it can be looked over


@dataclass(frozen=True, slots=True)
class CauseCard:
    """A cause as a card that unfolds; the first ones are open."""

    anchor: str
    cause: Cause
    is_open: bool

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
class ProgramPart:
    """A program with its row of the grid and the kfuncs it calls."""

    program: Program
    cells: list[Cell]
    calls: list[KfuncCalls]


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """The whole page; `judged` says what its verdicts stand for."""

    job: Job | None
    kernels: list[Kernel]
    programs: list[ProgramPart]
    summary: list[Cell]
    answer: Answer
    causes: list[CauseCard]
    across: AcrossKernels
    judged: str = STANDS_FOR

    @property
    def worst(self) -> dict[str, str]:
        """Return the verdict of the program that fares worst, by kernel; none where not checked."""
        return {cell.kernel: cell.verdict for cell in self.summary if cell.verdict in WORST_FIRST}

    @property
    def loads_on(self) -> list[str]:
        """Return the kernels on which every program that is loaded passes."""
        return [cell.kernel for cell in self.summary if cell.verdict in (PASSES, LEFT_OUT)]


def build_object_page(obj: BpfObject, before: str = "", after: str = "") -> ObjectPage:
    """Return the page, with the same number of queries for any number of programs.

    `before`, `after`: the kernels to compare, by name.
    """
    job = obj.jobs.first()  # before the verdicts: those of a job that is done are all there
    kernels = list(Kernel.objects.newest_first())
    checks = load_checks(obj, kernels)
    answer = build_answer(combine_checked(obj, kernels[::-1], checks))
    programs = list(obj.programs.all())
    most_open = _MOST_OPEN if len(programs) <= _MANY_PROGRAMS else _MOST_OPEN_OF_MANY
    cards = [
        CauseCard(f"cause-{number}", cause, number <= most_open)
        for number, cause in enumerate(answer.causes.shown, 1)
    ]
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
    across = build_across(kernels, checks, before, after)
    return ObjectPage(job, kernels, parts, summary, answer, cards, across)


def _anchors(cards: Sequence[CauseCard]) -> Iterator[tuple[tuple[str, str], str]]:
    """Return for every cell that a cause hits where the cause stands, the gravest first."""
    for card in cards:
        for hit in card.cause.hits:
            for program in hit.programs:
                yield (hit.kernel, program), card.anchor


def _worst(at: int, kernels: Sequence[Kernel], parts: Sequence[ProgramPart]) -> Cell:
    """Return the object's own cell on a kernel: that of the program that fares worst."""
    cells = [part.cells[at] for part in parts]
    order = (UNCHECKED, WAITING, *WORST_FIRST)
    if not cells:
        return Cell(kernels[at].name, UNKNOWN)
    worst = min(cells, key=lambda cell: order.index(cell.verdict))
    return Cell(kernels[at].name, worst.verdict, worst.anchor, worst.problem)
