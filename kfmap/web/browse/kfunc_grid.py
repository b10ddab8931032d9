"""Where a kfunc may be called from on every kernel at once: groups of contexts × kernels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kfmap.catalogue.rows.read import FunctionOn
from kfmap.permission.outcome_words import (
    ALLOWED,
    FAILS_AT_RUN_TIME,
    NOT_ON_THIS_KERNEL,
    ONLY_IF_SLEEPABLE,
    REFUSED,
    UNKNOWN,
    WILL_NOT_LOAD,
)
from kfmap.web.shared.cells import MIXED

_EVERYWHERE = "all contexts"
_WHOLE = {
    ALLOWED: "all {}",
    ONLY_IF_SLEEPABLE: "all {} if they may sleep",
    WILL_NOT_LOAD: "none",
    REFUSED: "none",
    FAILS_AT_RUN_TIME: "all {} fail at run time",
    UNKNOWN: "not known",
}
_SOME = {
    ONLY_IF_SLEEPABLE: "{} if they may sleep",
    FAILS_AT_RUN_TIME: "{} fail",
    UNKNOWN: "{} not known",
}
_NEVER = {WILL_NOT_LOAD, REFUSED, NOT_ON_THIS_KERNEL}


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


_UNKNOWN = Share(UNKNOWN, _WHOLE[UNKNOWN])


def build_grid(kernels: Iterable[FunctionOn]) -> list[GridRow]:
    """Return a row for each group that any kernel has, and first one for all contexts.

    The shares of a row are in the order of the kernels.
    """
    counted = [(on, _count(on)) for on in kernels]
    names = dict.fromkeys(name for _, groups in counted for name in groups)
    return [
        GridRow(
            name,
            tuple(
                _UNKNOWN if on.is_unknown else _share(groups.get(name)) for on, groups in counted
            ),
        )
        for name in sorted(names, key=lambda name: name != _EVERYWHERE)
    ]


def _count(on: FunctionOn) -> Mapping[str, Counter[str]]:
    groups = on.count_by_family()
    return {**groups, _EVERYWHERE: sum(groups.values(), Counter())} if groups else {}


def _share(counts: Counter[str] | None) -> Share:
    if counts is None or set(counts) == {NOT_ON_THIS_KERNEL}:
        return Share("absent", "")
    total = counts.total()
    if len(counts) == 1:
        [word] = counts
        return Share(word, _WHOLE[word].format(total))
    if set(counts) <= _NEVER:
        return Share(REFUSED, _WHOLE[REFUSED])
    some = [text.format(counts[word]) for word, text in _SOME.items() if counts[word]]
    return Share(MIXED, ", ".join([f"{counts[ALLOWED] or 'none'} of {total}", *some]))
