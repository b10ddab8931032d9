"""What each release changed against the one before it, as far as both are in the map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from kfmap.catalogue.rows.steps import StepCounts, count_steps
from kfmap.web.shared.kernel_map import KernelMap

BAR = 100  # the width that the most flips take


@dataclass(frozen=True, slots=True)
class Segment:
    """Flips from one word to another; the places are those of a bar that is BAR wide."""

    before: str
    after: str
    cells: int
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Step:
    """From one release to the next: the differences in numbers, and the flips as a bar."""

    old: str
    new: str
    counts: StepCounts
    segments: tuple[Segment, ...]


class Steps(Sequence[Step]):
    """The steps between neighbouring releases, the newest first; each is counted when asked for."""

    def __init__(self, kernels: KernelMap) -> None:
        self._pairs = list(pairwise(kernels.line))[::-1]

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, places: int | slice) -> Any:
        """Return one step, or some, whose bars are drawn to one scale."""
        if not isinstance(places, slice):
            return self[places : places + 1][0]
        pairs = self._pairs[places]
        counted = count_steps(pairs)
        most = max((counts.flipped for counts in counted), default=0) or 1
        return [
            Step(old.name, new.name, counts, tuple(_segments(counts, most)))
            for (old, new), counts in zip(pairs, counted, strict=True)
        ]


def _segments(counts: StepCounts, most: int) -> Iterator[Segment]:
    start = 0.0
    for before, after, cells in counts.flips:
        width = BAR * cells / most
        yield Segment(before, after, cells, round(start, 2), round(width, 2))
        start += width
