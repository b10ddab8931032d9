"""Sets of kfuncs as bits of a Python int (bit n: the n-th kfunc of a kernel), verdicts as letters.

Where there are many verdicts, each is a letter: A allowed, D refused ("denied"), ? unknown, and R
where pages and what-ifs know that the call loads and then fails at run time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kfmap.permission.verdict import ALLOWED, REFUSED, UNKNOWN

ALLOWED_LETTER, REFUSED_LETTER, UNKNOWN_LETTER, FAILS_LETTER = "A", "D", "?", "R"
LETTERS = {ALLOWED_LETTER: ALLOWED, REFUSED_LETTER: REFUSED, UNKNOWN_LETTER: UNKNOWN}


def say_allowed(allowed: bool | None) -> str:
    """Return ALLOWED, REFUSED or UNKNOWN for True, False or None."""
    return {True: ALLOWED, False: REFUSED, None: UNKNOWN}[allowed]


class KfuncBits(NamedTuple):
    """The kfuncs that one context surely may call, and those that it possibly may."""

    allowed: int
    possible: int

    def letter(self, place: int) -> str:
        """Return A, D or ? for the kfunc at a place."""
        if has_bit(self.allowed, place):
            return ALLOWED_LETTER
        return UNKNOWN_LETTER if has_bit(self.possible, place) else REFUSED_LETTER

    def word(self, place: int) -> str:
        """Return ALLOWED, REFUSED or UNKNOWN for the kfunc at a place."""
        return LETTERS[self.letter(place)]

    def letters(self, count: int) -> str:
        """Return a letter for each of the first `count` kfuncs."""
        pairs = zip(_digits(self.allowed, count), _digits(self.possible, count), strict=True)
        return "".join(
            ALLOWED_LETTER if a == "1" else UNKNOWN_LETTER if p == "1" else REFUSED_LETTER
            for a, p in pairs
        )

    def names(self, kfuncs: Sequence[str]) -> list[str]:
        """Return the names of the kfuncs that surely may be called."""
        return name_bits(self.allowed, kfuncs)

    def without(self, bits: int) -> KfuncBits:
        """Return what is left when these kfuncs are refused."""
        return KfuncBits(self.allowed & ~bits, self.possible & ~bits)


def has_bit(bits: int, place: int) -> bool:
    """Return whether the bit at a place is set."""
    return bool(bits >> place & 1)


def each_bit(bits: int) -> Iterator[int]:
    """Return the places of the bits that are set, lowest first."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def name_bits(bits: int, kfuncs: Sequence[str]) -> list[str]:
    """Return the names of the kfuncs whose bit is set, in their order."""
    return [kfuncs[place] for place in each_bit(bits)]


def _digits(bits: int, count: int) -> str:
    """Return the lowest `count` bits as 0 and 1, the lowest first."""
    return f"{bits:0{count}b}"[::-1][:count]
