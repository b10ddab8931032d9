"""A line of a log, and what is to be read from it."""

from __future__ import annotations

from typing import NamedTuple

from kfmap.decoder.kinds import Kind


class Said(NamedTuple):
    """A line, and what is to be read from it: `text` is None where it is the whole line."""

    line: str
    kind: Kind
    kfunc: str | None = None
    facts: dict[str, str] = {}
    text: str | None = None
