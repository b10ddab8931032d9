"""The grid of verdicts: one row per program, one cell per kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kfmap.catalogue.models import Kernel
from verifier.engine.result import WORDS
from verifier.records.models import Program
from verifier.records.store import Checked
from verifier.web.object_calls import ByProgram

UNCHECKED, WAITING = "unchecked", "waiting"
_WORDS = WORDS | {
    UNCHECKED: "could not be checked",
    WAITING: "not checked yet",
}


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
