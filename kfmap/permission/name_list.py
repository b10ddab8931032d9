"""Names as a list that a sentence can hold."""

from __future__ import annotations

from collections.abc import Sequence

MOST_NAMED = 7


def list_names(names: Sequence[str], word: str = "and", most: int = MOST_NAMED) -> str:
    """Return names with a word before the last; of too many some, and how many others."""
    if len(names) > most:
        few = names[: most - 1]
        return f"{', '.join(few)} {word} {len(names) - len(few)} others"
    return f" {word} ".join([*filter(None, [", ".join(names[:-1])]), *names[-1:]])
