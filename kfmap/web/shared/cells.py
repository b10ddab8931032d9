"""The cells of a kernel for pages: one letter each, by the names that people read."""

from __future__ import annotations

from dataclasses import dataclass

from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.bits import FAILS_LETTER, LETTERS, has_bit
from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context
from kfmap.permission.matrix import Matrix
from kfmap.permission.run_time import RunTimeMasks
from kfmap.permission.verdict import FAILS, Verdict
from kfmap.web.shared.once_per_facts import once_per_facts

ABSENT_LETTER = "-"
WORDS = {**LETTERS, FAILS_LETTER: FAILS, ABSENT_LETTER: "absent"}
TITLES = {
    "allowed": "allowed",
    "refused": "refused",
    "unknown": "unknown",
    "fails": "fails at run time",
    "absent": "not on this kernel",
    "mixed": "in part",
}


@dataclass(frozen=True)
class Cells:
    """A matrix with names. `fails[i]` are the kfuncs that load in `contexts[i]` and then fail."""

    matrix: Matrix
    names: tuple[str, ...]
    columns: dict[str, int]
    rows: dict[str, int]
    fails: tuple[int, ...]

    @property
    def contexts(self) -> tuple[Context, ...]:
        """Return the contexts, in the kernel's order."""
        return self.matrix.contexts

    def letter(self, column: int, row: int) -> str:
        """Return A, D, ? or R for one cell."""
        return FAILS_LETTER if has_bit(self.fails[column], row) else self.matrix.letter(column, row)

    def row_letters(self, kfunc: str) -> str:
        """Return one letter a context for a kfunc, all `-` where the kernel does not have it."""
        row = self.rows.get(kfunc)
        if row is None:
            return ABSENT_LETTER * len(self.names)
        return "".join(self.letter(column, row) for column in range(len(self.names)))

    def cell(self, context: str, kfunc: str) -> str:
        """Return the letter of a cell by names, `-` where the kernel has no such cell."""
        column, row = self.columns.get(context), self.rows.get(kfunc)
        return ABSENT_LETTER if column is None or row is None else self.letter(column, row)

    @property
    def allowed_count(self) -> int:
        """Count the cells that are allowed at load."""
        return sum(bits.bit_count() for bits in self.matrix.allowed)


@once_per_facts
def load_cells(kernel: LoadedKernel) -> Cells:
    """Return the cells of a kernel."""
    matrix = kernel.matrix
    names = tuple(render_context(context) for context in matrix.contexts)
    rows = {name: row for row, name in enumerate(matrix.kfuncs)}
    fails = _find_fails(matrix, rows, kernel.decider.run_time)
    columns = {name: column for column, name in enumerate(names)}
    return Cells(matrix, names, columns, rows, fails)


def _find_fails(
    matrix: Matrix, rows: dict[str, int], masks: RunTimeMasks | None
) -> tuple[int, ...]:
    if masks is None:
        return (0,) * len(matrix.contexts)
    guarded = [name for name in masks.guards if name in rows]
    return tuple(
        sum(1 << rows[name] for name in guarded if masks.decide(context, name)[0] == FAILS)
        & matrix.allowed[column]
        if (context.struct_ops, context.member) in masks.ops
        else 0
        for column, context in enumerate(matrix.contexts)
    )


def word_of(verdict: Verdict) -> str:
    """Return one word for a verdict and its run-time layer."""
    return FAILS if verdict.run_time == FAILS else verdict.verdict
