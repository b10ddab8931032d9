"""Cells that change alike from one reading of a kernel to another, as one block."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple


class Flip(NamedTuple):
    """One cell that changes."""

    kfunc: str
    context: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class FlipBlock:
    """The cells of some kfuncs × some contexts that change from one outcome to another.

    `before` and `after` are outcomes, as letters or as words: those of whoever compares.
    """

    before: str
    after: str
    kfuncs: tuple[str, ...]
    contexts: tuple[str, ...]

    @property
    def cells(self) -> int:
        """Count the cells."""
        return len(self.kfuncs) * len(self.contexts)


def gather_flips(flips: Iterable[Flip]) -> list[FlipBlock]:
    """Return the blocks that cells make, which come kfunc by kfunc; the largest block first."""
    blocks: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for kfunc, cells in groupby(flips, key=itemgetter(0)):
        alike: dict[tuple[str, str], list[str]] = defaultdict(list)
        for cell in cells:
            alike[cell.before, cell.after].append(cell.context)
        for (before, after), contexts in alike.items():
            blocks.setdefault((before, after, tuple(contexts)), []).append(kfunc)
    made = [
        FlipBlock(before, after, tuple(kfuncs), contexts)
        for (before, after, contexts), kfuncs in blocks.items()
    ]
    return sorted(made, key=lambda block: (-block.cells, block.kfuncs, block.contexts))
