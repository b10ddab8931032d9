"""Kfuncs of one kernel that another has under another name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import SequenceMatcher

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.renames import find_renamed

_ALIKE = 0.6


def pair_renamed(
    before: Mapping[str, str],
    after: Mapping[str, str],
    gone: Collection[str],
    came: Collection[str],
) -> tuple[tuple[str, str], ...]:
    """Return (old name, new name) of kfuncs that went and came, each name once at most.

    `before` and `after` have the prototypes of the kfuncs of both kernels.

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


def list_prototypes(facts: KernelFacts) -> dict[str, str]:
    """Return the prototype of every kfunc of a kernel, as far as they are known."""
    return {item.name: item.prototype for item in facts.kfuncs}


def _is_like(before: Mapping[str, str], old: str, after: Mapping[str, str], new: str) -> bool:
    """Return whether two kfuncs have one prototype, and names that share most letters in order."""
    shape = before.get(old, "").replace(old, "")
    same = bool(shape) and shape == after.get(new, "").replace(new, "")
    return same and SequenceMatcher(None, old, new).ratio() > _ALIKE
