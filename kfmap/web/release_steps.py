"""What each release changed against the one before it, as far as both are in the map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from kfmap.web.atlas import Atlas
from kfmap.web.changes import Changes, find_changes

BAR = 100  # the width that the most flips take


@dataclass(frozen=True, slots=True)
class Segment:
    """Flips to one word; the places are those of a bar that is BAR wide."""

    word: str
    cells: int
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Step:
    """From one release to the next: the differences, and the flips as a bar."""

    changes: Changes
    segments: tuple[Segment, ...]


def list_steps(atlas: Atlas) -> list[Step]:
    """Give the steps between neighbouring releases, the newest first."""
    loaded = [atlas.load(row.name) for row in atlas.released]
    found = [find_changes(old, new) for old, new in pairwise(loaded)]
    most = max((changes.flipped for changes in found), default=0) or 1
    return [Step(changes, tuple(_segments(changes, most))) for changes in reversed(found)]


def _segments(changes: Changes, most: int) -> Iterator[Segment]:
    counts: dict[str, int] = {}
    for kind in changes.kinds:
        counts[kind.after] = counts.get(kind.after, 0) + kind.cells
    start = 0.0
    for word, cells in sorted(counts.items(), key=lambda item: -item[1]):
        width = round(BAR * cells / most, 2)
        yield Segment(word, cells, round(start, 2), width)
        start += width
