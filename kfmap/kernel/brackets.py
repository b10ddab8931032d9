"""Brackets in a piece of C: where one opens or closes, what is between separators outside them."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

_MAX_ARGUMENTS = 4_000  # characters of one call


class Part(NamedTuple):
    """What stands between two separators, without the blanks around it, and its offset."""

    offset: int
    text: str


class Parts(NamedTuple):
    """The parts, empty ones too, and the offset of the bracket that closes them or of the end."""

    parts: tuple[Part, ...]
    end: int

    @property
    def texts(self) -> list[str]:
        """Return the texts of the parts that are not empty."""
        return [part.text for part in self.parts if part.text]


def split_outside(text: str, separator: str, start: int = 0, stop: int | None = None) -> Parts:
    """Split at a separator that is in no bracket, from `start` to `stop`.

    A bracket that closes and was not opened ends the last part, as the end of a list of arguments.
    """
    stop = len(text) if stop is None else stop
    parts: list[Part] = []
    depth, begin = 0, start
    for match in _signs(separator).finditer(text, start, stop):
        sign = match[0]
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            if not depth:
                stop = match.start()
                break
            depth -= 1
        elif not depth:
            parts.append(_part(text, begin, match.start()))
            begin = match.end()
    return Parts((*parts, _part(text, begin, stop)), stop)


def split_arguments(text: str, start: int) -> list[str]:
    """Return what stands between the commas after an opening parenthesis, empty arguments too.

    No arguments where the closing one is further away than any of a kernel.
    """
    stop = min(len(text), start + _MAX_ARGUMENTS)
    parts, end = split_outside(text, ",", start, stop)
    return [part.text for part in parts] if end < stop and text[end] == ")" else []


def find_opening(text: str, closing: int) -> int:
    """Return the offset of the parenthesis that is closed at `closing`, -1 if there is none."""
    depth = 0
    closes, opens = closing, text.rfind("(", 0, closing)
    while closes >= 0 or opens >= 0:
        if closes > opens:
            depth += 1
            closes = text.rfind(")", 0, closes)
            continue
        depth -= 1
        if not depth:
            return opens
        opens = text.rfind("(", 0, opens)
    return -1


@cache
def _signs(separator: str) -> re.Pattern[str]:
    return re.compile(rf"[()\[\]{{}}{separator}]")


def _part(text: str, begin: int, end: int) -> Part:
    part = text[begin:end]
    return Part(begin + len(part) - len(part.lstrip()), part.strip())
