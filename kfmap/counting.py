"""A number of things in words, for all who tell people of them."""

from __future__ import annotations


def count_of(number: int, word: str) -> str:
    """Return a number of things in words: `1 kfunc`, `4 kfuncs`."""
    return f"{number} {word}{'' if number == 1 else 's'}"
