"""The report on two kernels: names that came and went, and cells whose outcome changed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kfmap.permission.flip_block import Flip, FlipBlock, gather_flips
from kfmap.permission.outcome_words import (
    ALLOWED,
    LETTERS,
    ONLY_IF_SLEEPABLE,
    OUTCOMES,
    TITLES,
    UNKNOWN,
)
from kfmap.permission.renamed_pairs import list_prototypes, pair_renamed
from kfmap.reports.document import Finding, Level, Report, Rule, Section, Table, made_by
from kfmap.reports.kernel_data import KernelData

_MOST_NAMED = 12


@dataclass(frozen=True, slots=True)
class KernelChanges:
    """What differs from one kernel to the next, names sorted.

    A renamed kfunc is neither added nor removed; its cells count under the new name.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    prototypes: tuple[tuple[str, str, str], ...]
    contexts_added: tuple[str, ...]
    contexts_removed: tuple[str, ...]
    flips: tuple[FlipBlock, ...]

    @property
    def cells(self) -> int:
        """Count the cells that changed."""
        return sum(flip.cells for flip in self.flips)


def find_kernel_changes(old: KernelData, new: KernelData) -> KernelChanges:
    """Compare two kernels; the largest block of cells first."""
    came, gone = new.rows.keys() - old.rows.keys(), old.rows.keys() - new.rows.keys()
    renamed = pair_renamed(list_prototypes(old.facts), list_prototypes(new.facts), gone, came)
    before = {item.name: item.prototype for item in old.facts.kfuncs}
    return KernelChanges(
        tuple(sorted(came - {name for _, name in renamed})),
        tuple(sorted(gone - {name for name, _ in renamed})),
        renamed,
        tuple(
            (item.name, before[item.name], item.prototype)
            for item in new.facts.kfuncs
            if before.get(item.name) and item.prototype and before[item.name] != item.prototype
        ),
        tuple(name for name in new.contexts if name not in set(old.contexts)),
        tuple(name for name in old.contexts if name not in set(new.contexts)),
        tuple(gather_flips(_find_flips(old, new, {name: was for was, name in renamed}))),
    )


def _find_flips(old: KernelData, new: KernelData, old_names: Mapping[str, str]) -> Iterator[Flip]:
    places = {name: at for at, name in enumerate(old.contexts)}
    shared = [(name, at, places[name]) for at, name in enumerate(new.contexts) if name in places]
    for kfunc, now in new.rows.items():
        was = old.rows.get(old_names.get(kfunc, kfunc))
        if was is not None:
            for name, at, before in shared:
                if was[before] != now[at]:
                    yield Flip(kfunc, name, was[before], now[at])


def build_comparison_report(old: KernelData, new: KernelData) -> Report:
    """Return the report on what changed from `old` to `new`."""
    changes = find_kernel_changes(old, new)
    flips = Table("cells", ("before", "after", "kfunc", "context"), tuple(_cells(changes.flips)))
    names = Table("names", ("change", "kind", "name", "was"), tuple(_names(changes)))
    blocks = Table(
        "Cells that changed alike",
        ("before", "after", "cells", "kfuncs", "contexts"),
        tuple(_block(flip) for flip in changes.flips),
    )
    return Report(
        "comparison",
        f"What changed from {old.name} to {new.name}",
        (*lead_of(changes), *_asked_only(old, new)),
        (
            Section("Names", tables=(names,)) if names.rows else Section("Names", (_SAME_NAMES,)),
            Section("Cells", _kinds(changes.flips), tables=(blocks,) if blocks.rows else ()),
        ),
        (flips, names),
        (*old.provenance, *new.provenance, *made_by()),
        findings=tuple(_findings(changes)),
    )


def _asked_only(*kernels: KernelData) -> Iterator[str]:
    for kernel in kernels:
        if kernel.facts.is_observed:
            yield (
                f"Of {kernel.name} only what its permission check answered is known: a cell that "
                "is unknown there need not have changed."
            )


def _findings(changes: KernelChanges) -> Iterator[Finding]:
    """Return what changed, what stops to work as an error."""
    yield from (
        Finding(_REMOVED, Level.ERROR, name, "The newer kernel has no such kfunc.")
        for name in changes.removed
    )
    yield from (
        Finding(_RENAMED, Level.ERROR, was, f"The newer kernel calls it {name}.")
        for was, name in changes.renamed
    )
    yield from (
        Finding(_PROTOTYPE, Level.WARNING, name, f"It was {was} and is {now}.")
        for name, was, now in changes.prototypes
    )
    yield from (
        Finding(_REMOVED_CONTEXT, Level.ERROR, name, "The newer kernel has no such context.")
        for name in changes.contexts_removed
    )
    for added in (*changes.added, *changes.contexts_added):
        yield Finding(_ADDED, Level.NOTE, added, "The newer kernel has it anew.")
    yield from map(_flip_finding, changes.flips)


def _flip_finding(flip: FlipBlock) -> Finding:
    """Return a block of cells as a finding: an error where calls stop to work."""
    before, after = LETTERS[flip.before], LETTERS[flip.after]
    if UNKNOWN in (before, after):
        rule, level = _UNCLEAR, Level.WARNING
    elif before not in _WORKS and after not in _WORKS:
        rule, level = _OTHERWISE, Level.NOTE
    elif OUTCOMES.index(after) > OUTCOMES.index(before):
        rule, level = _WORSE, Level.ERROR
    else:
        rule, level = _BETTER, Level.NOTE
    contexts = _few(flip.contexts)
    text = f"From “{TITLES[before]}” to “{TITLES[after]}” in {contexts}."
    names = "\0".join((*flip.kfuncs, "", *flip.contexts, before, after))
    mark = hashlib.sha256(names.encode()).hexdigest()[:32]
    return Finding(rule, level, _few(flip.kfuncs), text, mark=mark)


_REMOVED = Rule("removed_kfunc", "A kfunc is gone")
_RENAMED = Rule("renamed_kfunc", "A kfunc has another name")
_PROTOTYPE = Rule("other_prototype", "A kfunc has another prototype")
_REMOVED_CONTEXT = Rule("removed_context", "A context is gone")
_ADDED = Rule("added", "A kfunc or a context is new")
_WORKS = (ALLOWED, ONLY_IF_SLEEPABLE)
_WORSE = Rule("stops_to_work", "Calls work no more, or need more than before")
_BETTER = Rule("begins_to_work", "Calls work that did not, or need less than before")
_OTHERWISE = Rule("fails_otherwise", "Calls that did not work fail in another way")
_UNCLEAR = Rule("unclear", "Calls become unknown, or are unknown no more")
_SAME_NAMES = "Both kernels have the same kfuncs and contexts."


def lead_of(changes: KernelChanges) -> tuple[str, ...]:
    """Return two sentences on how much changed."""
    return (
        f"Kfuncs: {len(changes.added)} added, {len(changes.removed)} removed, "
        f"{len(changes.renamed)} renamed, {len(changes.prototypes)} with another prototype.",
        f"Cells that both have: {changes.cells:,} changed.",
    )


def _kinds(flips: Sequence[FlipBlock]) -> tuple[str, ...]:
    counted: Counter[tuple[str, str]] = Counter()
    for flip in flips:
        counted[flip.before, flip.after] += flip.cells
    told = tuple(
        f"From “{_title(before)}” to “{_title(after)}”: {count:,}."
        for (before, after), count in counted.most_common()
    )
    return told or ("No cell that both kernels have changed.",)


def _title(letter: str) -> str:
    return TITLES[LETTERS[letter]]


def _block(flip: FlipBlock) -> tuple[str, str, int, str, str]:
    return (
        _title(flip.before),
        _title(flip.after),
        flip.cells,
        _few(flip.kfuncs),
        _few(flip.contexts),
    )


def _few(names: Sequence[str]) -> str:
    left = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {left} more" if left > 0 else "")


def _cells(flips: Sequence[FlipBlock]) -> Iterator[tuple[str, str, str, str]]:
    for flip in flips:
        words = LETTERS[flip.before], LETTERS[flip.after]
        for kfunc in flip.kfuncs:
            yield from ((*words, kfunc, context) for context in flip.contexts)


def _names(changes: KernelChanges) -> Iterator[tuple[str, str, str, str]]:
    yield from (("added", "kfunc", name, "") for name in changes.added)
    yield from (("removed", "kfunc", name, "") for name in changes.removed)
    yield from (("renamed", "kfunc", name, was) for was, name in changes.renamed)
    yield from (
        ("prototype", "kfunc", name, f"{was} → {now}") for name, was, now in changes.prototypes
    )
    yield from (("added", "context", name, "") for name in changes.contexts_added)
    yield from (("removed", "context", name, "") for name in changes.contexts_removed)
