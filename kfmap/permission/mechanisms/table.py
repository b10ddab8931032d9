"""Tables of capability bits: a mask for each kfunc, a mask for each context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kfmap.permission.bits import each_bit
from kfmap.permission.context import Context
from kfmap.permission.verdict import Reason, Step

ANY = "any"
ALL = "all"
WORD = 32


@dataclass(frozen=True, slots=True)
class CapabilityTable:
    """Masks that reproduce a matrix. `reading` ALL: all bits of a kfunc are needed; ANY: one is.

    No assignment needs fewer than `lower` bits; `greedy` is what the greedy choice alone reached.
    `row_classes` and `column_classes` count kfuncs and contexts that differ in rights.
    """

    reading: str
    bits: int
    lower: int
    greedy: int
    method: str
    row_classes: int
    column_classes: int
    kfunc_masks: Mapping[str, int]
    context_masks: Mapping[Context, int]

    @property
    def is_exact(self) -> bool:
        """Return whether fewer bits are proven not to do."""
        return self.bits == self.lower

    def allows(self, context: Context, kfunc: str) -> bool:
        """Return whether the masks let a call pass; contexts outside the table hold nothing."""
        return self.lets_pass(context, self.kfunc_masks.get(kfunc, 0))

    def lets_pass(self, context: Context, needed: int) -> bool:
        """Return whether a context holds what a kfunc of some mask needs."""
        held = self.context_masks.get(context, 0)
        return needed & ~held == 0 if self.reading == ALL else bool(needed & held)

    def explain(self, context: Context, kfunc: str) -> Reason:
        """Return which masks meet."""
        needed, held = self.kfunc_masks.get(kfunc, 0), self.context_masks.get(context, 0)
        words = "all" if self.reading == ALL else "one"
        text = f"{kfunc} needs {words} of {_say_bits(needed)}; the context holds {_say_bits(held)}"
        return Reason(Step.CAPABILITIES, text)

    def read_as(self, reading: str) -> CapabilityTable:
        """Return the same masks with a reading; with another one nothing is known of fewer bits."""
        if reading == self.reading:
            return self
        return table_of_masks(reading, self.kfunc_masks, self.context_masks)

    def guarded(self) -> frozenset[str]:
        """Return the kfuncs that some context of the table may not call: these need a check."""
        return frozenset(
            kfunc
            for kfunc in self.kfunc_masks
            if not all(self.allows(context, kfunc) for context in self.context_masks)
        )


def table_of_masks(
    reading: str, kfunc_masks: Mapping[str, int], context_masks: Mapping[Context, int]
) -> CapabilityTable:
    """Return the table of masks that somebody chose: nothing is known of fewer bits."""
    masks = (*kfunc_masks.values(), *context_masks.values())
    return CapabilityTable(
        reading=reading,
        bits=max((mask.bit_length() for mask in masks), default=0),
        lower=0,
        greedy=0,
        method="chosen by hand",
        row_classes=len(set(kfunc_masks.values())),
        column_classes=len(set(context_masks.values())),
        kfunc_masks=kfunc_masks,
        context_masks=context_masks,
    )


def _say_bits(mask: int) -> str:
    numbers = ", ".join(map(str, each_bit(mask)))
    return f"bits {numbers}" if numbers else "no bits"
