"""What each 32-bit word of a type is: a string offset, a type id, or something else (btf.h)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from kfmap.btf.kinds import (
    COMPOSITE,
    ENUMS,
    EXTRA_WORDS,
    KIND_SHIFT,
    MAX_KIND,
    MAX_VLEN,
    REFERENCES,
    Kind,
)
from kfmap.btf.layout import BtfError

INFO = 1  # index of the info word

_NAMED_ELEMENTS = COMPOSITE | ENUMS | {Kind.FUNC_PROTO}


class Roles(NamedTuple):
    """Indexes of the words of a type by what they are; `others` without INFO."""

    names: tuple[int, ...]
    type_ids: tuple[int, ...]
    others: tuple[int, ...]


def kind_and_length(info: int) -> tuple[Kind, int]:
    """Return the kind of a type and the number of its words, by its info word.

    Raises BtfError for a kind that is not known.
    """
    number = info >> KIND_SHIFT & MAX_KIND
    if number not in EXTRA_WORDS:
        raise BtfError(f"kind {number} is not known")
    fixed, each = EXTRA_WORDS[number]
    return Kind(number), 3 + fixed + each * (info & MAX_VLEN)


@lru_cache(maxsize=4096)
def roles(kind: Kind, length: int) -> Roles:
    """Return the roles of the words of a type of `length` words."""
    names = (0, *range(3, length, EXTRA_WORDS[kind][1])) if kind in _NAMED_ELEMENTS else (0,)
    type_ids = tuple(_type_words(kind, length))
    taken = {INFO, *names, *type_ids}
    return Roles(names, type_ids, tuple(at for at in range(length) if at not in taken))


def _type_words(kind: Kind, length: int) -> range:
    if kind is Kind.FUNC_PROTO:
        return range(2, length, 2)  # the result, then the second word of each parameter
    if kind in COMPOSITE:
        return range(4, length, 3)
    if kind is Kind.DATASEC:
        return range(3, length, 3)
    if kind is Kind.ARRAY:
        return range(3, 5)
    return range(2, 3) if kind in REFERENCES else range(0)
