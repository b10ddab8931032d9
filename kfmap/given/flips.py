"""Which cells flip between two readings of a kernel: what a patch does to who may call what."""

from __future__ import annotations

from dataclasses import dataclass

from kfmap.kernel.facts import KernelFacts, NotUnderstood
from kfmap.permission.context_words import render_context
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.flip_block import Flip, FlipBlock, gather_flips
from kfmap.permission.matrix import fill_matrix
from kfmap.permission.outcome_bits import OutcomeColumns
from kfmap.permission.outcome_words import LETTER_OF, LETTERS, NOT_ON_THIS_KERNEL, REFUSED, TITLES

_ABSENT = LETTER_OF[NOT_ON_THIS_KERNEL]
_DULL = {LETTER_OF[NOT_ON_THIS_KERNEL], LETTER_OF[REFUSED]}  # a kfunc that came, where it may not
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Flips:
    """What differs between two kernels; `not_understood` is what only the second one has."""

    kfuncs_added: tuple[str, ...]
    kfuncs_removed: tuple[str, ...]
    contexts_added: tuple[str, ...]
    contexts_removed: tuple[str, ...]
    flips: tuple[FlipBlock, ...]
    compared: int
    not_understood: tuple[NotUnderstood, ...]

    @property
    def cells(self) -> int:
        """Count the cells that flip."""
        return sum(flip.cells for flip in self.flips)


class _Outcomes:
    """The outcome of each cell of a kernel as a letter, by names."""

    def __init__(self, facts: KernelFacts) -> None:
        decider = Decider(facts)
        matrix = fill_matrix(decider, build_contexts(facts))
        make = OutcomeColumns(decider).column
        self.rows = {name: row for row, name in enumerate(matrix.kfuncs)}
        self._columns = {
            render_context(context): make(context, *matrix.bits(column))
            for column, context in enumerate(matrix.contexts)
        }
        self.contexts = tuple(self._columns)

    def letter(self, context: str, kfunc: str) -> str:
        column, row = self._columns.get(context), self.rows.get(kfunc)
        return _ABSENT if column is None or row is None else column.letter(row)


def find_flips(before: KernelFacts, after: KernelFacts) -> Flips:
    """Compare every cell of two kernels; a cell that one of them lacks is not on that kernel."""
    old, new = _Outcomes(before), _Outcomes(after)
    contexts = tuple(dict.fromkeys((*new.contexts, *old.contexts)))
    kfuncs = tuple(dict.fromkeys((*new.rows, *old.rows)))
    flips = gather_flips(
        Flip(kfunc, context, LETTERS[was], LETTERS[now])
        for kfunc in kfuncs
        for context in contexts
        for was, now in [(old.letter(context, kfunc), new.letter(context, kfunc))]
        if was != now and not _DULL.issuperset((was, now))
    )
    known = set(before.not_understood)
    return Flips(
        tuple(sorted(new.rows.keys() - old.rows.keys())),
        tuple(sorted(old.rows.keys() - new.rows.keys())),
        tuple(name for name in new.contexts if name not in old.contexts),
        tuple(name for name in old.contexts if name not in new.contexts),
        tuple(flips),
        len(contexts) * len(kfuncs),
        tuple(item for item in after.not_understood if item not in known),
    )


def plain_flips(flips: Flips) -> dict[str, object]:
    """Return flips as JSON has them."""
    return {
        "version": 1,
        "compared": flips.compared,
        "flipped": flips.cells,
        "kfuncs_added": list(flips.kfuncs_added),
        "kfuncs_removed": list(flips.kfuncs_removed),
        "contexts_added": list(flips.contexts_added),
        "contexts_removed": list(flips.contexts_removed),
        "flips": [
            {
                "before": flip.before,
                "after": flip.after,
                "cells": flip.cells,
                "kfuncs": list(flip.kfuncs),
                "contexts": list(flip.contexts),
            }
            for flip in flips.flips
        ],
        "not_understood": [
            {"place": str(item.place), "construct": item.construct, "text": item.text}
            for item in flips.not_understood
        ],
    }


def render_flips(flips: Flips) -> str:
    """Return flips as text: first how many, then block by block, the largest first."""
    lines = [_summary(flips)]
    for title, names in (
        ("kfuncs that come", flips.kfuncs_added),
        ("kfuncs that go", flips.kfuncs_removed),
        ("contexts that come", flips.contexts_added),
        ("contexts that go", flips.contexts_removed),
    ):
        if names:
            lines.append(f"{title}: {_list(names)}")
    for flip in flips.flips:
        cells = "1 cell" if flip.cells == 1 else f"{flip.cells:,} cells"
        lines += [
            "",
            f"{cells}: {TITLES[flip.before]} → {TITLES[flip.after]}",
            f"  kfuncs: {_list(flip.kfuncs)}",
            f"  contexts: {_list(flip.contexts)}",
        ]
    if flips.not_understood:
        lines += ["", "Not understood any more, so that cells may be unknown:"]
        lines += [f"  {item.place}: {item.construct}: {item.text}" for item in flips.not_understood]
    return "\n".join(lines) + "\n"


def _summary(flips: Flips) -> str:
    if not flips.cells:
        return f"No cell flips; {flips.compared:,} were compared."
    verb = "1 cell flips" if flips.cells == 1 else f"{flips.cells:,} cells flip"
    return f"{verb} of {flips.compared:,}."


def _list(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
