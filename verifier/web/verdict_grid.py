"""The grid of verdicts: one row per program, or for many that fare alike; one cell per kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kfmap.catalogue.models import Kernel
from verifier.engine.result import FAILS_AT_RUN_TIME, REFUSED, WORDS
from verifier.records.models import Program
from verifier.records.outcome import WORST_FIRST
from verifier.records.store import Checked
from verifier.web.object_calls import ByProgram

UNCHECKED, WAITING = "unchecked", "waiting"
_WORDS = WORDS | {
    UNCHECKED: "could not be checked",
    WAITING: "not checked yet",
}
GRAVEST_FIRST = (UNCHECKED, WAITING, *WORST_FIRST)
_FINDINGS = "findings"  # the anchor of all that is said on the page
FEW_PROGRAMS = 8  # of more the page is folded, so that it can be looked over
_NAMED_AT_ONCE = 3  # of those that share a row; more are named when it unfolds


@dataclass(frozen=True, slots=True)
class Cell:
    """One program on one kernel; `anchor` is that of what is said of it on the page."""

    kernel: str
    verdict: str
    anchor: str = ""
    problem: str = ""

    @property
    def word(self) -> str:
        """Return the verdict for people."""
        return _WORDS[self.verdict]


@dataclass(frozen=True, slots=True)
class Row:
    """Programs with the same verdicts on every kernel; `is_open`: their names are shown at once."""

    programs: list[Program]
    cells: list[Cell]
    is_open: bool = True

    @property
    def is_folded(self) -> bool:
        """Return whether the row is one that folds."""
        return len(self.programs) > _NAMED_AT_ONCE


def build_rows(programs: Sequence[tuple[Program, list[Cell]]]) -> list[Row]:
    """Return the rows: of many programs those alike share one, and what fares worst comes first.

    What fails on the newest kernel is unfolded, unless all programs do, or too many.
    """
    if len(programs) <= FEW_PROGRAMS:
        return [Row([program], cells) for program, cells in programs]
    alike: dict[tuple[tuple[str, str], ...], list[tuple[Program, list[Cell]]]] = {}
    for program, cells in programs:
        alike.setdefault(tuple((cell.verdict, cell.problem) for cell in cells), []).append(
            (program, cells)
        )
    rows = [_share(group, len(programs)) for group in alike.values()]
    return sorted(rows, key=lambda row: [GRAVEST_FIRST.index(cell.verdict) for cell in row.cells])


def _share(alike: Sequence[tuple[Program, list[Cell]]], of: int) -> Row:
    """Return one row; a cell that has other causes from program to program leads to them all."""
    cells = [
        column[0]
        if len({cell.anchor for cell in column}) == 1
        else replace(column[0], anchor=_FINDINGS)
        for column in zip(*(cells for _, cells in alike), strict=True)
    ]
    fails = bool(cells) and cells[0].verdict in (REFUSED, FAILS_AT_RUN_TIME)
    is_open = fails and len(alike) < of and len(alike) <= FEW_PROGRAMS
    return Row([program for program, _ in alike], cells, is_open)


def build_cells(
    program: Program,
    kernels: Sequence[Kernel],
    checks: Mapping[str, Checked],
    by_program: ByProgram,
    anchors: Mapping[tuple[str, str], str],
) -> list[Cell]:
    """Return the program's row; `anchors` are by the names of kernel and program."""
    cells = []
    for kernel in kernels:
        verdict = by_program.get((kernel.facts_hash, program.name))
        if verdict is None:
            cells.append(_empty_cell(kernel, checks.get(kernel.facts_hash)))
        else:
            anchor = anchors.get((kernel.name, program.name), "")
            cells.append(Cell(kernel.name, verdict.verdict, anchor))
    return cells


def index_verdicts(checks: Mapping[str, Checked]) -> ByProgram:
    """Return verdicts by the hash of the kernel's facts and the program's name."""
    return {
        (facts_hash, verdict.program): verdict
        for facts_hash, check in checks.items()
        for verdict in check.programs
    }


def _empty_cell(kernel: Kernel, check: Checked | None) -> Cell:
    if check is None:
        return Cell(kernel.name, WAITING)
    return Cell(kernel.name, UNCHECKED, problem=check.problem)
