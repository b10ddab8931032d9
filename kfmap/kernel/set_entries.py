"""What the kfunc id sets of a kernel say of each kfunc."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from kfmap.kernel.facts import KernelFacts


class Listed(NamedTuple):
    """The sets that a kfunc is in, and its flags in any of them; each once."""

    sets: tuple[str, ...]
    flags: tuple[str, ...]


def list_entries(facts: KernelFacts) -> Mapping[str, Listed]:
    """Return sets and flags of every kfunc of the facts, none for one that is in no set."""
    sets: defaultdict[str, dict[str, None]] = defaultdict(dict)
    flags: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for kfunc_set in facts.sets:
        for entry in kfunc_set.entries:
            sets[entry.kfunc][kfunc_set.name] = None
            flags[entry.kfunc].update(dict.fromkeys(entry.flags))
    return {
        item.name: Listed(tuple(sets[item.name]), tuple(flags[item.name])) for item in facts.kfuncs
    }
