"""What changed from one kernel to the next, in numbers, counted from their rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kfmap.catalogue.models import FunctionRow, Kernel
from kfmap.catalogue.recent import Recent
from kfmap.catalogue.rows.keep import KeptRows, load_kept
from kfmap.catalogue.rows.letters import KernelLetters, load_letters
from kfmap.permission.outcome_words import LETTERS
from kfmap.permission.renamed_pairs import pair_renamed

_COUNTED = (FunctionRow.Kind.KFUNC,)
_lately: Recent[tuple[int, int], StepCounts] = Recent(1024)


@dataclass(frozen=True, slots=True)
class StepCounts:
    """How much changed between two kernels; `flips` are (before, after, cells), most first.

    A renamed kfunc is neither added nor removed; its cells count under the new name.
    """

    kfuncs_added: int
    kfuncs_removed: int
    prototypes_changed: int
    contexts_added: int
    contexts_removed: int
    flips: tuple[tuple[str, str, int], ...]

    @property
    def flipped(self) -> int:
        """Count all cells that changed."""
        return sum(cells for *_, cells in self.flips)


def count_steps(pairs: Sequence[tuple[Kernel, Kernel]]) -> list[StepCounts]:
    """Return what changed from one kernel to another, for each pair of kernels."""
    kept = load_kept([kernel for pair in pairs for kernel in pair])
    return [_count_once(kept[old.facts_hash], kept[new.facts_hash]) for old, new in pairs]


def _count_once(before: KeptRows, after: KeptRows) -> StepCounts:
    key = before.id, after.id
    known = _lately.get(key) if all(key) else None  # 0: not stored
    if known is None:
        known = _count(*(load_letters(kept, _COUNTED) for kept in (before, after)))
        if all(key):
            _lately.put(key, known)
    return known


def _count(old: KernelLetters, new: KernelLetters) -> StepCounts:
    came = new.functions.keys() - old.functions.keys()
    gone = old.functions.keys() - new.functions.keys()
    was, now = (
        {name: item.prototype for name, item in side.functions.items()} for side in (old, new)
    )
    renamed = pair_renamed(was, now, gone, came)
    changed = (
        was[name] and now[name] and was[name] != now[name] for name in was.keys() & now.keys()
    )
    flips = _count_flips(old, new, {after: before for before, after in renamed})
    return StepCounts(
        len(came) - len(renamed),
        len(gone) - len(renamed),
        sum(map(bool, changed)),
        len(new.classes.keys() - old.classes.keys()),
        len(old.classes.keys() - new.classes.keys()),
        tuple((LETTERS[one], LETTERS[two], cells) for (one, two), cells in flips.most_common()),
    )


def _count_flips(
    old: KernelLetters, new: KernelLetters, old_names: Mapping[str, str]
) -> Counter[tuple[str, str]]:
    """Count the cells of each pair of outcomes: contexts of like classes differ together."""
    classes = Counter(
        (old.classes[name], at) for name, at in new.classes.items() if name in old.classes
    )
    found: Counter[tuple[str, str]] = Counter()
    for name, now in new.functions.items():
        was = old.functions.get(old_names.get(name, name))
        if was is None:
            continue
        for (before, after), count in classes.items():
            if was.letters[before] != now.letters[after]:
                found[was.letters[before], now.letters[after]] += count
    return found
