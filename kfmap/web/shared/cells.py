"""The cells of a kernel for pages: an outcome each, by the names that people read.

A cell has two outcomes: that of the context as the matrix has it, and that of a program that may
sleep, where the context can have such a program.
"""

from __future__ import annotations

from dataclasses import dataclass

from kfmap.catalogue.matrix_rows import RowKind, build_rows
from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.bits import say_allowed
from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context
from kfmap.permission.matrix import Matrix
from kfmap.permission.outcome_bits import OutcomeColumn
from kfmap.permission.outcome_words import LETTER_OF, LETTERS, NOT_ON_THIS_KERNEL
from kfmap.permission.outcome_words import TITLES as OUTCOME_TITLES
from kfmap.permission.sleeping import find_sleepable_form
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
def load_cells(kernel: LoadedKernel, kind: RowKind = RowKind.KFUNC) -> Cells:
    """Return the cells of a kernel: those of its kfuncs, of its helpers, or of both."""
    found = build_rows(kernel, kind)
    contexts = found.matrix.contexts
    forms = [find_sleepable_form(context, kernel.decider.views) for context in contexts]
    asked = [form or context for form, context in zip(forms, contexts, strict=True)]
    asleep = build_rows(kernel, kind, asked).outcomes
    names = tuple(render_context(context) for context in contexts)
    return Cells(
        found.matrix,
        names,
        {name: column for column, name in enumerate(names)},
        {name: row for row, name in enumerate(found.matrix.kfuncs)},
        found.outcomes,
        tuple((form, asleep[at]) if form else None for at, form in enumerate(forms)),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One function in every context of a kernel: outcomes, and verdicts of the permission check."""

    words: tuple[str, ...]
    verdicts: tuple[str, ...]


@once_per_facts
def load_row_of(kernel: LoadedKernel, name: str) -> Row | None:
    """Return the row of a kfunc or a helper, None where the kernel has neither of the name."""
    cells, columns = load_cells(kernel), kernel.judge.helpers.columns
    row = cells.rows.get(name)
    if row is not None:
        words = tuple(WORDS[letter] for letter in cells.row_letters(name))
        return Row(words, tuple(cells.matrix.verdict(at, row) for at in range(len(words))))
    if name not in columns.names:
        return None
    words = tuple(columns.word(context, name) for context in cells.contexts)
    answers = (columns.answer(context, name).allowed for context in cells.contexts)
    return Row(words, tuple(say_allowed(answer) for answer in answers))
