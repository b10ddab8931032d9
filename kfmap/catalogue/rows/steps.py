"""What changed from one kernel to the next, in numbers, counted from their rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kfmap.catalogue.models import ContextRow, FunctionRow, Kernel
from kfmap.catalogue.recent import Recent
from kfmap.catalogue.rows.keep import KeptRows, load_kept
from kfmap.permission.outcome_words import LETTERS
from kfmap.permission.renamed_pairs import pair_renamed

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


@dataclass(frozen=True, slots=True)
class _Rows:
    """The kfuncs of a kernel with prototype and letters, and its contexts with their classes."""

    kfuncs: Mapping[str, tuple[str, str]]
    contexts: Mapping[str, int]


def count_steps(pairs: Sequence[tuple[Kernel, Kernel]]) -> list[StepCounts]:
    """Return what changed from one kernel to another, for each pair of kernels."""
    kept = load_kept([kernel for pair in pairs for kernel in pair])
    return [_count_once(kept[old.facts_hash], kept[new.facts_hash]) for old, new in pairs]


def _count_once(before: KeptRows, after: KeptRows) -> StepCounts:
    key = before.id, after.id
    known = _lately.get(key) if all(key) else None  # 0: not stored
    if known is None:
        known = _count(_load(before), _load(after))
        if all(key):
            _lately.put(key, known)
    return known


def _load(kept: KeptRows) -> _Rows:
    if kept.built is not None:
        functions, contexts = kept.built.functions, kept.built.contexts
        return _Rows(
            {
                name: (item.prototype, item.letters)
                for name, item in functions.items()
                if item.kind == FunctionRow.Kind.KFUNC
            },
            {name: item.at for name, item in contexts.items() if item.listed},
        )
    kfuncs = FunctionRow.objects.filter(of=kept.id, kind=FunctionRow.Kind.KFUNC)
    listed = ContextRow.objects.filter(of=kept.id, listed=True)
    return _Rows(
        {
            name: (prototype, letters)
            for name, prototype, letters in kfuncs.values_list("name", "prototype", "letters")
        },
        dict(listed.values_list("name", "at")),
    )


def _count(old: _Rows, new: _Rows) -> StepCounts:
    came, gone = new.kfuncs.keys() - old.kfuncs.keys(), old.kfuncs.keys() - new.kfuncs.keys()
    was, now = ({name: item[0] for name, item in rows.kfuncs.items()} for rows in (old, new))
    renamed = pair_renamed(was, now, gone, came)
    changed = (
        was[name] and now[name] and was[name] != now[name] for name in was.keys() & now.keys()
    )
    flips = _count_flips(old, new, {after: before for before, after in renamed})
    return StepCounts(
        len(came) - len(renamed),
        len(gone) - len(renamed),
        sum(map(bool, changed)),
        len(new.contexts.keys() - old.contexts.keys()),
        len(old.contexts.keys() - new.contexts.keys()),
        tuple((LETTERS[one], LETTERS[two], cells) for (one, two), cells in flips.most_common()),
    )


def _count_flips(old: _Rows, new: _Rows, old_names: Mapping[str, str]) -> Counter[tuple[str, str]]:
    """Count the cells of each pair of outcomes: contexts of like classes differ together."""
    classes = Counter(
        (old.contexts[name], at) for name, at in new.contexts.items() if name in old.contexts
    )
    found: Counter[tuple[str, str]] = Counter()
    for name, (_, now) in new.kfuncs.items():
        _, was = old.kfuncs.get(old_names.get(name, name), ("", ""))
        if not was:
            continue
        for (before, after), count in classes.items():
            if was[before] != now[after]:
                found[was[before], now[after]] += count
    return found
