"""The cells of a kernel for pages: an outcome each, by the names that people read.

A cell has two outcomes: that of the context as the matrix has it, and that of a program that may
sleep, where the context can have such a program.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kfmap.catalogue.store import LoadedKernel
from kfmap.kernel.program_facts import MAY
from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context
from kfmap.permission.matrix import Matrix
from kfmap.permission.outcome_bits import OutcomeColumn, OutcomeColumns
from kfmap.permission.outcome_words import LETTER_OF, LETTERS, NOT_ON_THIS_KERNEL
from kfmap.permission.outcome_words import TITLES as OUTCOME_TITLES
from kfmap.permission.section_names import render_section_name
from kfmap.permission.sleeping import find_sleep_answer
from kfmap.web.shared.once_per_facts import once_per_facts

ABSENT_LETTER = LETTER_OF[NOT_ON_THIS_KERNEL]
MIXED = "mixed"
WORDS = LETTERS
TITLES = {**OUTCOME_TITLES, MIXED: "in part", "absent": "not on this kernel"}


@dataclass(frozen=True)
class Cells:
    """A matrix with names, and the outcomes of its columns.

    `asleep[i]`: the context in the form that may sleep and its outcomes, None where there is none.
    """

    matrix: Matrix
    names: tuple[str, ...]
    columns: dict[str, int]
    rows: dict[str, int]
    outcomes: tuple[OutcomeColumn, ...]
    asleep: tuple[tuple[Context, OutcomeColumn] | None, ...]

    @property
    def contexts(self) -> tuple[Context, ...]:
        """Return the contexts, in the kernel's order."""
        return self.matrix.contexts

    def letter(self, column: int, row: int, *, asleep: bool = False) -> str:
        """Return the outcome of one cell as a letter; `asleep`: of a program that may sleep."""
        other = self.asleep[column] if asleep else None
        return (other[1] if other else self.outcomes[column]).letter(row)

    def row_letters(self, kfunc: str) -> str:
        """Return one letter per context for a kfunc, all `-` where the kernel does not have it."""
        row = self.rows.get(kfunc)
        if row is None:
            return ABSENT_LETTER * len(self.names)
        return "".join(self.letter(column, row) for column in range(len(self.names)))

    def cell(self, context: str, kfunc: str) -> str:
        """Return the letter of a cell by names, `-` where the kernel has no such cell."""
        column, row = self.columns.get(context), self.rows.get(kfunc)
        return ABSENT_LETTER if column is None or row is None else self.letter(column, row)

    def count(self, word: str) -> int:
        """Count the cells of one outcome other than refused."""
        return sum(column.bits(word).bit_count() for column in self.outcomes)


@once_per_facts
def load_cells(kernel: LoadedKernel) -> Cells:
    """Return the cells of a kernel."""
    matrix = kernel.matrix
    make = OutcomeColumns(kernel.decider).column
    names = tuple(render_context(context) for context in matrix.contexts)
    return Cells(
        matrix,
        names,
        {name: column for column, name in enumerate(names)},
        {name: row for row, name in enumerate(matrix.kfuncs)},
        tuple(
            make(context, *matrix.bits(column)) for column, context in enumerate(matrix.contexts)
        ),
        tuple(
            (form, make(form, *matrix.bits(column))) if form else None
            for column, form in enumerate(_sleepable_form(kernel, item) for item in matrix.contexts)
        ),
    )


def _sleepable_form(kernel: LoadedKernel, context: Context) -> Context | None:
    """Return the same context for a program that may sleep, None where there is no such program."""
    form = replace(context, sleepable=True)
    may = find_sleep_answer(context, kernel.decider.views).word == MAY
    return form if may and not context.sleepable and render_section_name(form) else None
