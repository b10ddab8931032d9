r"""Whole words in a text, found as quickly as any other text: no pattern is made of each of them.

A pattern costs more to make than to look a function through with it, and one that begins with `\b`
is tried at every letter. What stands beside a word is asked where its text is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_OF_WORDS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def written_whole(word: str) -> str:
    """Return what matches a word where no other letter, digit or underscore is beside it."""
    text = re.escape(word)
    return rf"{text}(?<!\w{text})\b"


def find_word(text: str, word: str, start: int = 0, end: int | None = None) -> Iterator[int]:
    """Return where a word begins in a text, from offset to offset."""
    size, last = len(word), len(text) if end is None else end
    at = text.find(word, start, last)
    while at >= 0:
        is_first = not at or text[at - 1] not in _OF_WORDS
        if is_first and text[at + size : min(at + size + 1, last)] not in _OF_WORDS:
            yield at
        at = text.find(word, at + size, last)


def has_word(text: str, word: str, start: int = 0, end: int | None = None) -> bool:
    """Return whether a text has a word, from offset to offset."""
    return next(find_word(text, word, start, end), None) is not None


def count_word(text: str, word: str, start: int = 0) -> int:
    """Return how often a text has a word, from an offset on."""
    return sum(1 for _ in find_word(text, word, start))


def find_followed(
    text: str, word: str, after: re.Pattern[str], start: int = 0
) -> Iterator[tuple[int, re.Match[str] | None]]:
    """Return where a word begins, and what of a pattern stands right behind it."""
    return ((at, after.match(text, at + len(word))) for at in find_word(text, word, start))
