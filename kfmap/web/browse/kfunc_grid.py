"""Where a kfunc may be called from on every kernel at once: groups of contexts × kernels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.outcome_words import (
    ALLOWED,
    FAILS_AT_RUN_TIME,
    ONLY_IF_SLEEPABLE,
    REFUSED,
    UNKNOWN,
    WILL_NOT_LOAD,
)
from kfmap.web.shared.cells import MIXED, load_cells, load_row_of
from kfmap.web.shared.context_groups import group_contexts
from kfmap.web.shared.once_per_facts import once_per_facts

_EVERYWHERE = "all contexts"
_WHOLE = {
    ALLOWED: "all {}",
    ONLY_IF_SLEEPABLE: "all {} if they may sleep",
    WILL_NOT_LOAD: "none",
    REFUSED: "none",
    FAILS_AT_RUN_TIME: "all {} fail at run time",
    UNKNOWN: "not known",
}
_NEVER = {WILL_NOT_LOAD, REFUSED}


@dataclass(frozen=True, slots=True)
class Share:
    """How many contexts of a group may call the kfunc on a kernel; `word` is that of a verdict, or
    "mixed", or "absent" where the kernel has no such contexts or no such kfunc."""

    word: str
    text: str


@dataclass(frozen=True, slots=True)
class GridRow:
    """A group of contexts, with its share on each kernel."""

    name: str
    shares: tuple[Share, ...]


def build_grid(kernels: Iterable[LoadedKernel], kfunc: str) -> list[GridRow]:
    """Return a row for each group that any kernel has, and first one for all contexts.

    The shares of a row are in the order of the kernels.
    """
    counted = [_count_by_group(kernel, kfunc) for kernel in kernels]
    names = dict.fromkeys(name for groups in counted for name in groups)
    return [
        GridRow(name, tuple(_share(groups.get(name)) for groups in counted))
        for name in sorted(names, key=lambda name: name != _EVERYWHERE)
    ]


@once_per_facts
def _count_by_group(kernel: LoadedKernel, kfunc: str) -> Mapping[str, Counter[str]]:
    """Count the verdicts by group, none where the kernel does not have the kfunc."""
    cells, row = load_cells(kernel), load_row_of(kernel, kfunc)
    if row is None:
        return {}
    words = row.words
    groups = {
        family.name: Counter(words[column] for column in family.columns)
        for family in group_contexts(cells.contexts)
    }
    return {**groups, _EVERYWHERE: Counter(words)}


def _share(counts: Counter[str] | None) -> Share:
    if counts is None:
        return Share("absent", "")
    total = counts.total()
    if len(counts) == 1:
        [word] = counts
        return Share(word, _WHOLE[word].format(total))
    if set(counts) <= _NEVER:
        return Share(REFUSED, _WHOLE[REFUSED])
    text = f"{counts[ALLOWED]} of {total}"
    if counts[ONLY_IF_SLEEPABLE]:
        text += f", {counts[ONLY_IF_SLEEPABLE]} if they may sleep"
    if counts[FAILS_AT_RUN_TIME]:
        text += f", {counts[FAILS_AT_RUN_TIME]} fail"
    return Share(MIXED, text)
