"""The mechanisms as pictures: kfuncs and contexts in classes, and what each makes of every block.

Kfuncs are of one class where the kernel means the same for them in every context, contexts where it
means the same for every kfunc; a block is one class of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kfmap.permission.bits import ALLOWED_LETTER, KfuncBits, name_bits
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.compare import Cell
from kfmap.permission.mechanisms.mechanism import Mechanism, find_meant
from kfmap.permission.verdict import ALLOWED, REFUSED, UNKNOWN

TOO_MUCH, TOO_LITTLE, LATE = "too_much", "too_little", "late"


class Block(NamedTuple):
    """What a mechanism makes of a class of kfuncs in a class of contexts.

    `kind`: TOO_MUCH, TOO_LITTLE or LATE for the first of these that it has any cell of, else what
    the kernel means: ALLOWED, REFUSED, UNKNOWN. `counted` of the block's `cells` are of that kind,
    `example` among them.
    """

    kind: str
    counted: int
    cells: int
    example: Cell


class ContextClass(NamedTuple):
    """Contexts for which the kernel means the same; bits as in the decider."""

    contexts: tuple[Context, ...]
    bits: KfuncBits


@dataclass(frozen=True, slots=True)
class Picture:
    """Blocks by class of kfuncs (rows) and of contexts; `meant` is the kernel's own, and
    `mechanisms` come in the order asked for."""

    kfuncs: tuple[tuple[str, ...], ...]
    contexts: tuple[tuple[Context, ...], ...]
    meant: tuple[tuple[Block, ...], ...]
    mechanisms: tuple[tuple[tuple[Block, ...], ...], ...]


def draw_blocks(
    decider: Decider, contexts: Sequence[Context], mechanisms: Sequence[Mechanism]
) -> Picture:
    """Draw what the kernel means for these contexts and all kfuncs, and each mechanism."""
    columns = _class_contexts(decider, contexts)
    rows = [_KfuncClass(decider, bits) for bits in _class_kfuncs(len(decider.kfuncs), columns)]
    return Picture(
        tuple(tuple(name_bits(row.bits, decider.kfuncs)) for row in rows),
        tuple(column.contexts for column in columns),
        tuple(tuple(row.meant(column) for column in columns) for row in rows),
        tuple(_draw_mechanism(mechanism, rows, columns) for mechanism in mechanisms),
    )


@dataclass(frozen=True, slots=True)
class _KfuncClass:
    decider: Decider
    bits: int

    def meant(self, column: ContextClass) -> Block:
        """Return the block as the kernel means it."""
        cells = self.bits.bit_count() * len(column.contexts)
        kind = UNKNOWN if self.bits & column.bits.possible else REFUSED
        if self.bits & column.bits.allowed:
            kind = ALLOWED
        return Block(kind, cells, cells, self._cell(column.contexts[0], self.bits))

    def block(self, column: ContextClass, wrong: Sequence[_Wrong]) -> Block:
        """Return the block with what is wrong in each of its contexts."""
        meant = self.meant(column)
        for kind in (TOO_MUCH, TOO_LITTLE, LATE):
            found = [self.bits & getattr(item, kind) for item in wrong]
            count = sum(bits.bit_count() for bits in found)
            if count:
                first = next(place for place, bits in enumerate(found) if bits)
                example = self._cell(column.contexts[first], found[first])
                return Block(kind, count, meant.cells, example)
        return meant

    def _cell(self, context: Context, bits: int) -> Cell:
        return Cell(context, self.decider.kfuncs[(bits & -bits).bit_length() - 1])


class _Wrong(NamedTuple):
    """What a mechanism gets wrong in one context, as bits of kfuncs."""

    too_much: int
    too_little: int
    late: int


def _class_contexts(decider: Decider, contexts: Sequence[Context]) -> list[ContextClass]:
    """Group contexts, those that may call most first."""
    found: dict[KfuncBits, list[Context]] = {}
    for context in contexts:
        found.setdefault(find_meant(decider, context), []).append(context)
    classes = [ContextClass(tuple(group), bits) for bits, group in found.items()]
    return sorted(classes, key=lambda item: -item.bits.allowed.bit_count())


def _class_kfuncs(count: int, columns: Sequence[ContextClass]) -> list[int]:
    """Group kfuncs as bits, those that most contexts may call first."""
    found: dict[str, int] = {}
    for place in range(count):
        row = "".join(item.bits.letter(place) for item in columns)
        found[row] = found.get(row, 0) | 1 << place
    weights = [len(item.contexts) for item in columns]

    def reach(row: str) -> int:
        pairs = zip(row, weights, strict=True)
        return sum(weight for letter, weight in pairs if letter == ALLOWED_LETTER)

    return [found[row] for row in sorted(found, key=reach, reverse=True)]


def _draw_mechanism(
    mechanism: Mechanism, rows: Sequence[_KfuncClass], columns: Sequence[ContextClass]
) -> tuple[tuple[Block, ...], ...]:
    wrong = [
        [_find_wrong(mechanism, item, column) for item in column.contexts] for column in columns
    ]
    return tuple(
        tuple(row.block(column, of) for column, of in zip(columns, wrong, strict=True))
        for row in rows
    )


def _find_wrong(mechanism: Mechanism, context: Context, meant: ContextClass) -> _Wrong:
    passes = mechanism.bits(context)[0]
    late = mechanism.late(context)
    return _Wrong(passes & ~meant.bits.possible, meant.bits.allowed & ~passes, late)
