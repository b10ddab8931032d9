"""Boolean matrices as bitsets: equal rows and columns merged, maximal rectangles of ones listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kfmap.permission.bits import each_bit, has_bit

MAX_BICLIQUES = 60_000


@dataclass(frozen=True, slots=True)
class Merged:
    """A matrix without equal rows or columns: `rows` are bitsets over the column classes.

    `row_class[i]` and `column_class[j]` lead from the original to the merged matrix.
    """

    rows: tuple[int, ...]
    width: int
    row_class: tuple[int, ...]
    column_class: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Biclique:
    """Rows × columns that are all ones, as bitsets of a merged matrix."""

    rows: int
    columns: int


def merge_equal(rows: Sequence[int], width: int) -> Merged:
    """Merge equal rows and equal columns of a matrix whose row bit j is column j."""
    columns = transpose(rows, width)
    column_class, kept_columns = _number_distinct(columns)
    row_class, kept_rows = _number_distinct(rows)
    first_of = {number: j for j, number in reversed(list(enumerate(column_class)))}
    narrow = [
        sum(has_bit(row, first_of[number]) << number for number in range(len(kept_columns)))
        for row in kept_rows
    ]
    return Merged(tuple(narrow), len(kept_columns), tuple(row_class), tuple(column_class))


def transpose(rows: Sequence[int], width: int) -> list[int]:
    """Return the columns of a matrix as bitsets over its rows."""
    digits = zip(*(f"{row:0{width}b}" for row in reversed(rows)), strict=True)
    columns = [int("".join(column), 2) for column in digits]  # the last one first
    return columns[::-1] if rows and width else [0] * width


def find_hardest(merged: Merged) -> int:
    """Return the cells, row by row, that any cover of maximal rectangles must cover for all to be.

    A rectangle with the cell (r, c) has every row that includes row r and every column that
    includes column c; so a cell whose row and column include those of another is covered with it.
    """
    columns = transpose(merged.rows, merged.width)
    hardest = 0
    for r, row in enumerate(merged.rows):
        within = [other for other in merged.rows if other & row == other]
        for c in each_bit(row):
            narrower = sum(1 << n for n, other in enumerate(columns) if other & columns[c] == other)
            cells = sum((other & narrower).bit_count() for other in within)
            if cells == 1:  # only the cell itself
                hardest |= 1 << r * merged.width + c
    return hardest


def list_maximal(rows: Sequence[int], limit: int = MAX_BICLIQUES) -> list[Biclique] | None:
    """List all maximal rectangles of ones (formal concepts); None if more than `limit`."""
    intents: set[int] = set()
    for row in rows:
        intents |= {row & intent for intent in intents} | {row}
        if len(intents) > limit:
            return None
    return [grow(rows, intent) for intent in sorted(intents) if intent]


def grow(rows: Sequence[int], columns: int) -> Biclique:
    """Return the rectangle of all rows that have these columns."""
    extent = sum(1 << number for number, row in enumerate(rows) if row & columns == columns)
    return Biclique(extent, columns)


def _number_distinct(values: Sequence[int]) -> tuple[list[int], list[int]]:
    numbers: dict[int, int] = {}
    classes = [numbers.setdefault(value, len(numbers)) for value in values]
    return classes, list(numbers)
