r"""Patterns of whole words that are found quickly.

A pattern that begins with a fixed text is looked for as fast as that text; one that begins with
`\b` is tried at every letter. What stands before the word is asked where the text is found.
"""

from __future__ import annotations

import re
from functools import lru_cache


def written_whole(word: str) -> str:
    """Return what matches a word where no other letter, digit or underscore is beside it."""
    text = re.escape(word)
    return rf"{text}(?<!\w{text})\b"


@lru_cache(1_000)
def whole_word(word: str) -> re.Pattern[str]:
    """Return the pattern of a word."""
    return re.compile(written_whole(word), re.ASCII)


def has_word(text: str, word: str) -> bool:
    """Return whether a text has a word."""
    return word in text and whole_word(word).search(text) is not None
