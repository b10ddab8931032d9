"""Spans of time in which something is counted: they begin for every process at the same moment."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """One span: how many of its length went before it since 1970, and the Unix time it ends at."""

    number: int
    ends_at: int

    @property
    def seconds_left(self) -> int:
        """Return after how many seconds the next span begins, at least one."""
        return max(1, self.ends_at - int(now()))


def now() -> float:
    """Return the Unix time in seconds by which every span is found."""
    return time.time()


def present_span(seconds: int) -> Span:
    """Return the span of so many seconds in which the present moment lies."""
    number = int(now() // seconds)
    return Span(number, (number + 1) * seconds)
