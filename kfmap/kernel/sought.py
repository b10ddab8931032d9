"""What is looked for in the bytes of many files, of which nearly none has it."""

from __future__ import annotations

import re

from ahocorasick_rs import BytesAhoCorasick, MatchKind

PIECE = 1 << 18  # bytes: all matches of a piece are listed, and a hostile file has them everywhere
# A word alone is looked for by its two rarest bytes, in many places at once. That takes a fifth of
# the time of a pass for several, which stops wherever one of them may begin.
_ONE_BY_ONE = 8


class Sought:
    """One of some words, and what matches a pattern where there is one.

    Few words are looked for one after the other, many in one pass. What matches `pattern` has one
    of the words; without words the pattern is looked for alone.
    """

    def __init__(self, *words: bytes, pattern: re.Pattern[bytes] | None = None) -> None:
        self._pattern = pattern
        # only those that look for the leftmost match compare many bytes at once
        passes = [[word] for word in words] if len(words) <= _ONE_BY_ONE else [list(words)]
        self._passes = [BytesAhoCorasick(one, MatchKind.LeftmostFirst) for one in passes]
        self._overlap = max(map(len, words), default=0)

    def is_in(self, data: bytes | memoryview) -> bool:
        """Return whether it is in there."""
        if self._passes and not any(_finds(words, data, self._overlap) for words in self._passes):
            return False
        return self._pattern is None or self._pattern.search(data) is not None


def _finds(words: BytesAhoCorasick, data: bytes | memoryview, overlap: int) -> bool:
    if len(data) <= PIECE:
        return bool(words.find_matches_as_indexes(data))
    pieces = (data[at : at + PIECE + overlap] for at in range(0, len(data), PIECE))
    return any(words.find_matches_as_indexes(piece) for piece in pieces)
