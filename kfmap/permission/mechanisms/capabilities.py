"""Capabilities: a mask of bits per kfunc, and per struct_ops member the bits a program holds there.

With the ALL reading (the design of `bpf_capabilities_adjust()`) a call passes when the program
holds all bits of the kfunc; with ANY when it holds one. Synthesis finds the fewest bits that
reproduce a kernel's decision in every cell: a bit is a rectangle of allowed (ANY) or of refused
cells (ALL), so the fewest bits are the fewest rectangles that cover them (biclique cover).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

from kfmap.permission.bits import KfuncBits, has_bit
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.bicliques import (
    Biclique,
    Merged,
    find_hardest,
    grow,
    list_maximal,
    merge_equal,
    transpose,
)
from kfmap.permission.mechanisms.cover import BUDGET, find_cover
from kfmap.permission.mechanisms.mechanism import AT_LOAD, Costs, Mechanism, find_meant
from kfmap.permission.mechanisms.table import ALL, ANY, WORD, CapabilityTable
from kfmap.permission.verdict import Reason


def synthesise(
    decider: Decider,
    contexts: Sequence[Context],
    reading: str,
    kfuncs: Sequence[str] | None = None,
    budget: int = BUDGET,
) -> CapabilityTable:
    """Find few bits that reproduce the kernel's decision for these contexts and kfuncs.

    A cell that is not known counts as refused. `kfuncs` default to all of the kernel.
    """
    columns = [find_meant(decider, context)[0] for context in contexts]
    wanted = set(decider.kfuncs if kfuncs is None else kfuncs)
    names = [name for name in decider.kfuncs if name in wanted]
    rows_of = zip(decider.kfuncs, transpose(columns, len(decider.kfuncs)), strict=True)
    rows = [row for name, row in rows_of if name in wanted]
    return assign_bits(names, contexts, rows, reading, budget)


def assign_bits(
    kfuncs: Sequence[str],
    contexts: Sequence[Context],
    rows: Sequence[int],
    reading: str,
    budget: int = BUDGET,
) -> CapabilityTable:
    """Assign bits to a matrix: `rows[i]` are the contexts (bit j) that may call `kfuncs[i]`."""
    everything = (1 << len(contexts)) - 1
    to_cover = [row if reading == ANY else everything & ~row for row in rows]
    merged = merge_equal(to_cover, len(contexts))
    chosen, lower, greedy, method = _cover_ones(merged, budget)
    kfunc_masks = [0] * len(kfuncs)
    for number, kind in enumerate(merged.row_class):
        for bit, rectangle in enumerate(chosen):
            kfunc_masks[number] |= has_bit(rectangle.rows, kind) << bit
    context_masks = [0] * len(contexts)
    for number, kind in enumerate(merged.column_class):
        for bit, rectangle in enumerate(chosen):
            held = has_bit(rectangle.columns, kind) == (reading == ANY)
            context_masks[number] |= held << bit
    return CapabilityTable(
        reading=reading,
        bits=len(chosen),
        lower=lower,
        greedy=greedy,
        method=method,
        row_classes=len(merged.rows),
        column_classes=merged.width,
        kfunc_masks=dict(zip(kfuncs, kfunc_masks, strict=True)),
        context_masks=dict(zip(contexts, context_masks, strict=True)),
    )


def _cover_ones(merged: Merged, budget: int) -> tuple[list[Biclique], int, int, str]:
    """Cover the ones of a merged matrix: rectangles, lower bound, greedy number, method."""
    elements = find_hardest(merged)
    listed = list_maximal(merged.rows)
    complete = listed is not None
    if listed is None:
        listed = [grow(merged.rows, row) for row in merged.rows if row]
    # Rectangles that cover the same of these cells are one candidate.
    distinct = {_spread(rectangle, merged) & elements: rectangle for rectangle in listed}
    candidates, rectangles = list(distinct), list(distinct.values())
    cover = find_cover(candidates, elements, budget)
    chosen = [rectangles[number] for number in cover.chosen]
    if not complete:
        lower = 1 if elements else 0
        return chosen, lower, cover.greedy, "greedy cover by the rectangles of single rows"
    method = "exact cover by maximal rectangles (branch and bound)"
    if not cover.is_exact:
        method = "best cover found within the budget; lower bound by independent cells"
    return chosen, cover.lower, cover.greedy, method


def _spread(rectangle: Biclique, merged: Merged) -> int:
    """Return the cells of a rectangle as a bitset over all cells, row by row."""
    return sum(
        rectangle.columns << number * merged.width
        for number in range(len(merged.rows))
        if has_bit(rectangle.rows, number)
    )


class Capabilities(Mechanism):
    """Synthesised capability masks with one of the two readings."""

    id: ClassVar[str] = "capabilities"
    title: ClassVar[str] = "Capabilities"

    def __init__(
        self,
        decider: Decider,
        contexts: tuple[Context, ...],
        reading: str = ALL,
        table: CapabilityTable | None = None,
    ) -> None:
        super().__init__(decider, contexts)
        self._table = table or synthesise(decider, contexts, reading)

    @property
    def table(self) -> CapabilityTable:
        """Return the masks that decide."""
        return self._table

    @property
    def full_title(self) -> str:
        """Return the title with the reading of the masks."""
        return f"{self.title}, {self.table.reading} of a kfunc's bits"

    def bits(self, context: Context) -> KfuncBits:
        """Return what the masks let pass."""
        passing = sum(
            rows for needed, rows in self._rows.items() if self.table.lets_pass(context, needed)
        )
        return KfuncBits(passing, passing)

    @cached_property
    def _rows(self) -> dict[int, int]:
        """The kfuncs of each mask, as bits: a kernel has thousands of kfuncs and few masks."""
        rows: dict[int, int] = {}
        for place, kfunc in enumerate(self.decider.kfuncs):
            needed = self.table.kfunc_masks.get(kfunc, 0)
            rows[needed] = rows.get(needed, 0) | 1 << place
        return rows

    def explain(self, context: Context, kfunc: str) -> tuple[Reason, ...]:
        """Return which masks meet."""
        return (self.table.explain(context, kfunc),)

    def costs(self) -> Costs:
        """A mask per kfunc and one per context; a word of 32 bits is the limit."""
        table = self.table
        return Costs(
            noticed=AT_LOAD,
            bits=table.bits,
            checked_calls=0,
            declared=len(table.kfunc_masks) + len(table.context_masks),
            in_module="takes bits of a word that all share, given out when vmlinux is built",
            limits=(
                f"{table.bits} of {WORD} bits, at least {table.lower} ({table.method})",
                f"one bit per class of kfuncs would take {table.row_classes}",
                "a new rule of any subsystem may need a new bit of everybody's word",
            ),
        )


class CapabilitiesInSets(Capabilities):
    """Masks that narrow what the sets of the hooks list, as filters do."""

    def bits(self, context: Context) -> KfuncBits:
        """Return what is listed and passes the masks."""
        listed, possible = self.decider.listed_bits(context)
        passing, _ = super().bits(context)
        return KfuncBits(passing & listed, passing & possible)
