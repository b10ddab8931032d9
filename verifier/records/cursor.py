"""Where a page of a list of objects begins, as its address says it, and what the pages beside are.

A page begins at an object, not at a number: the thousandth costs what the first does, and objects
that come meanwhile move none from one page to the next.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_WRITTEN = re.compile(r"(older|newer)-([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list of ids, the greatest first: under an id or, going back, over one."""

    below: int | None = None
    above: int | None = None

    def __str__(self) -> str:
        return f"older-{self.below}" if self.above is None else f"newer-{self.above}"


START = Cursor()
OLDEST = Cursor(above=0)  # the page at the end
Read = Callable[[Cursor, int], list[int]]
Skip = Callable[[int, int], list[int]]


def parse_cursor(text: str) -> Cursor:
    """Return the place that an address names, START for "". Raises ValueError."""
    if not text:
        return START
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise ValueError(f"no cursor: {text!r}")
    place = int(written[2])
    return Cursor(below=place) if written[1] == "older" else Cursor(above=place)


@dataclass(frozen=True, slots=True)
class IdPage:
    """Ids, the latest first, and where the pages beside begin: None where there is none."""

    ids: list[int]
    newer: Cursor | None
    older: Cursor | None


def read_page(read: Read, cursor: Cursor, size: int) -> IdPage:
    """Return a page. `read` gives so many ids from a place on, always the greatest first."""
    found = read(cursor, size + 1)
    goes_on = len(found) > size
    if cursor.above is None:
        return _build(found[:size], newer=cursor.below is not None, older=goes_on)
    return _build(found[-size:], newer=goes_on, older=cursor.above > 0)


def read_numbered(skip: Skip, number: int, size: int) -> IdPage:
    """Return the page of a number, from 1. `skip` gives so many ids after the first ones."""
    found = skip((number - 1) * size, size + 1)
    return _build(found[:size], newer=number > 1, older=len(found) > size)


def _build(ids: list[int], *, newer: bool, older: bool) -> IdPage:
    return IdPage(
        ids,
        Cursor(above=ids[0]) if ids and newer else None,
        Cursor(below=ids[-1]) if ids and older else None,
    )
