"""Where a kfunc may be called from on every kernel at once: groups of contexts × kernels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

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
_ABSENT = Share("absent", "")


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


def _count(on: FunctionOn) -> Mapping[str, Mapping[str, int]]:
    groups = on.count_by_family()
    if not groups:
        return {}
    everywhere: dict[str, int] = {}
    for counts in groups.values():
        for word, count in counts.items():
            everywhere[word] = everywhere.get(word, 0) + count
    return {**groups, _EVERYWHERE: everywhere}


def _share(counts: Mapping[str, int] | None) -> Share:
    return _ABSENT if counts is None else _say_share(tuple(counts.items()))


@lru_cache(maxsize=4096)
def _say_share(counted: tuple[tuple[str, int], ...]) -> Share:
    counts = dict(counted)
    if set(counts) == {NOT_ON_THIS_KERNEL}:
        return _ABSENT
    total = sum(counts.values())
    if len(counts) == 1:
        [word] = counts
        return Share(word, _WHOLE[word].format(total))
    if set(counts) <= _NEVER:
        return Share(REFUSED, _WHOLE[REFUSED])
    some = [text.format(counts[word]) for word, text in _SOME.items() if counts.get(word)]
    return Share(MIXED, ", ".join([f"{counts.get(ALLOWED) or 'none'} of {total}", *some]))
