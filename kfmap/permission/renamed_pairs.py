"""Kfuncs of one kernel that another has under another name."""

from __future__ import annotations

from collections.abc import Collection
from difflib import SequenceMatcher

from kfmap.permission.decide import Decider
from kfmap.permission.renames import find_renamed

_ALIKE = 0.6


def pair_renamed(
    before: Decider, after: Decider, gone: Collection[str], came: Collection[str]
) -> tuple[tuple[str, str], ...]:
    """Return (old name, new name) of kfuncs that went and came, each name once at most.

    Known renamings and twins (`x` and `x_impl`) go first, then names much alike with the very same
    prototype.
    """
    left = set(came)
    pairs = []
    for old in sorted(gone):
        known = [name for name in find_renamed(old, left) if name in left]
        alike = known or [name for name in sorted(left) if _is_like(before, old, after, name)]
        if alike:
            pairs.append((old, alike[0]))
            left.discard(alike[0])
    return tuple(pairs)


def _is_like(before: Decider, old: str, after: Decider, new: str) -> bool:
    """Return whether two kfuncs have one prototype, and names that share most letters in order."""
    shape = _shape(before, old)
    same = bool(shape) and shape == _shape(after, new)
    return same and SequenceMatcher(None, old, new).ratio() > _ALIKE


def _shape(kernel: Decider, name: str) -> str:
    """Return a prototype without the name."""
    kfunc = kernel.find_kfunc(name)
    return kfunc.prototype.replace(name, "") if kfunc else ""
