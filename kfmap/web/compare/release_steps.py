"""What each release changed against the one before it, as far as both are in the map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from kfmap.web.compare.changes import Changes, find_changes
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
    """From one release to the next: the differences, and the flips as a bar."""

    changes: Changes
    segments: tuple[Segment, ...]


def list_steps(kernels: KernelMap) -> list[Step]:
    """Return the steps between neighbouring releases, the newest first."""
    loaded = [kernels.load(row.name) for row in kernels.released]
    found = [find_changes(old, new) for old, new in pairwise(loaded)]
    most = max((changes.flipped for changes in found), default=0) or 1
    return [Step(changes, tuple(_segments(changes, most))) for changes in reversed(found)]


def _segments(changes: Changes, most: int) -> Iterator[Segment]:
    start = 0.0
    for kind in changes.kinds:
        width = BAR * kind.cells / most
        yield Segment(kind.before, kind.after, kind.cells, round(start, 2), round(width, 2))
        start += width
