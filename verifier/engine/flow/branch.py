"""Conditional jumps: which ways the verifier goes, and what it knows then (is_branch_taken())."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from verifier.engine.flow.values import (
    OBJECT,
    TO_ELEMENT,
    TO_TRUSTED,
    TO_VALUE,
    VAGUE,
    OneOf,
    Pointer,
    Range,
    Value,
    as_range,
    make_range,
    signed,
)

JEQ, JGT, JGE, JSET, JNE, JSGT, JSGE = 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70
JLT, JLE, JSLT, JSLE = 0xA0, 0xB0, 0xC0, 0xD0

DEAD, PERHAPS, SURE = 0, 1, 2
_MAYBE_NULL = (TO_TRUSTED, TO_ELEMENT)
_CACHED = 1 << 14  # decisions kept: the same few values come again and again

_OPPOSITE = {
    JEQ: JNE, JNE: JEQ, JGT: JLE, JLE: JGT, JGE: JLT, JLT: JGE,
    JSGT: JSLE, JSLE: JSGT, JSGE: JSLT, JSLT: JSGE,
}  # fmt: skip
_MIRRORED = {
    JEQ: JEQ, JNE: JNE, JGT: JLT, JLT: JGT, JGE: JLE, JLE: JGE,
    JSGT: JSLT, JSLT: JSGT, JSGE: JSLE, JSLE: JSGE,
}  # fmt: skip


class Ways(NamedTuple):
    """Is the jump walked, is what comes after it: DEAD, PERHAPS or SURE."""

    taken: int
    next: int


BOTH = Ways(SURE, SURE)
TAKEN = Ways(SURE, DEAD)
NEXT = Ways(DEAD, SURE)
EITHER = Ways(PERHAPS, PERHAPS)


class Side(NamedTuple):
    """One way of a comparison: how sure it is, and what both sides are known to be on it."""

    how: int
    left: Value
    right: Value


@lru_cache(_CACHED)
def find_sides(
    operation: int, left: Value, right: Value, bits: int
) -> tuple[Side | None, Side | None]:
    """Return what comes after a conditional jump and what it leads to, None for what never does."""
    taken, following = decide(operation, left, right, bits)
    return (
        _find_side(following, operation, left, right, bits, False),
        _find_side(taken, operation, left, right, bits, True),
    )


def _find_side(
    how: int, operation: int, left: Value, right: Value, bits: int, taken: bool
) -> Side | None:
    if how == DEAD:
        return None
    mine = refine(operation, left, right, bits, taken)
    other = refine_right(operation, right, left, bits, taken)
    return None if mine is None or other is None else Side(how, mine, other)


def decide(operation: int, left: Value, right: Value, bits: int) -> Ways:
    """Decide a conditional jump on 64 or 32 bits."""
    if left is VAGUE or right is VAGUE or (operation not in _COMPARE and operation != JSET):
        return EITHER  # what no kernel knows as a comparison is not walked by any
    if isinstance(left, Pointer | OneOf) or isinstance(right, Pointer | OneOf):
        return _decide_pointer(operation, left, right, bits)
    if isinstance(left, int) and isinstance(right, int):
        return TAKEN if _holds(operation, left, right, bits) else NEXT
    return _decide_range(operation, as_range(left, bits), as_range(right, bits))


def refine(operation: int, value: Value, bound: Value, bits: int, taken: bool) -> Value | None:
    """Return what `value` is known to be after it was compared; None if it cannot get there."""
    if not taken:
        operation = _OPPOSITE.get(operation, 0)
    if value is VAGUE:
        return bound if operation == JEQ and bits == 64 and isinstance(bound, int) else value
    if isinstance(value, Pointer):
        return _refine_pointer(operation, value) if bound == 0 and bits == 64 else value
    if not isinstance(value, Range) or operation not in _OPPOSITE:
        return value
    limit = as_range(bound, bits)
    if not isinstance(bound, int | Range):
        return value
    known = as_range(value, bits)
    bounds = _NARROW[operation](known, limit)
    if bounds is None:
        return value
    return make_range(_kept_width(value, bits), *bounds)


def refine_right(
    operation: int, value: Value, bound: Value, bits: int, taken: bool
) -> Value | None:
    """Return what the right side is known to be after the comparison."""
    if operation not in _MIRRORED:
        return value
    return refine(_MIRRORED[operation], value, bound, bits, taken)


def _refine_pointer(operation: int, value: Pointer) -> Value:
    """Return what an address is known to be after it was compared to null."""
    if value.kind not in _MAYBE_NULL or operation not in (JEQ, JNE):
        return value
    if operation == JEQ:
        return 0
    return OBJECT if value.kind == TO_TRUSTED else value._replace(kind=TO_VALUE)


def _kept_width(value: Range, bits: int) -> int:
    """A 32-bit comparison says nothing of the upper half, unless that is known to be zero."""
    if bits == 64:
        return 64
    return 32 if value.width == 32 or (value.width == 64 and value.umax >> 32 == 0) else 0


def _decide_pointer(operation: int, left: Value, right: Value, bits: int) -> Ways:
    """Addresses are never null; comparing them to something else tells nothing."""
    if not isinstance(left, Pointer | OneOf):
        left, right = right, left
    if bits != 64 or right != 0 or operation not in (JEQ, JNE):
        return BOTH
    if isinstance(left, Pointer) and left.kind == TO_ELEMENT:
        return BOTH
    if isinstance(left, Pointer) and left.kind == TO_TRUSTED:
        return Ways(PERHAPS, SURE) if operation == JEQ else Ways(SURE, PERHAPS)
    return NEXT if operation == JEQ else TAKEN


def _holds(operation: int, left: int, right: int, bits: int) -> bool:
    mask = (1 << bits) - 1
    left, right = left & mask, right & mask
    if operation == JSET:
        return bool(left & right)
    if operation in (JSGT, JSGE, JSLT, JSLE):
        left, right = signed(left, bits), signed(right, bits)
    return _COMPARE[operation](left, right)


_COMPARE: dict[int, Callable[[int, int], bool]] = {
    JEQ: int.__eq__, JNE: int.__ne__,
    JGT: int.__gt__, JGE: int.__ge__, JLT: int.__lt__, JLE: int.__le__,
    JSGT: int.__gt__, JSGE: int.__ge__, JSLT: int.__lt__, JSLE: int.__le__,
}  # fmt: skip


def _decide_range(operation: int, left: Range, right: Range) -> Ways:
    if operation == JSET:
        return NEXT if left.umax == 0 or right.umax == 0 else BOTH
    if operation in (JEQ, JNE):
        apart = (
            left.umax < right.umin
            or left.umin > right.umax
            or left.smax < right.smin
            or left.smin > right.smax
        )
        if not apart:
            return BOTH
        return NEXT if operation == JEQ else TAKEN
    if operation in (JSGT, JSGE, JSLT, JSLE):
        low, high, its_low, its_high = left.smin, left.smax, right.smin, right.smax
    else:
        low, high, its_low, its_high = left.umin, left.umax, right.umin, right.umax
    compare = _COMPARE.get(operation)
    if compare is None:
        return BOTH
    ends = {compare(mine, its) for mine in (low, high) for its in (its_low, its_high)}
    return BOTH if len(ends) == 2 else TAKEN if True in ends else NEXT


Bounds = tuple[int, int, int, int]


def _equal(known: Range, limit: Range) -> Bounds:
    return (
        max(known.umin, limit.umin),
        min(known.umax, limit.umax),
        max(known.smin, limit.smin),
        min(known.smax, limit.smax),
    )


def _not_equal(known: Range, limit: Range) -> Bounds | None:
    """Only a constant at one end cuts it off."""
    if limit.umin != limit.umax:
        return None
    value, signed_value = limit.umin, limit.smin
    umin, umax, smin, smax = known[1:]
    return (
        umin + (umin == value),
        umax - (umax == value),
        smin + (smin == signed_value),
        smax - (smax == signed_value),
    )


def _above(known: Range, limit: Range) -> Bounds:
    return max(known.umin, limit.umin + 1), known.umax, known.smin, known.smax


def _at_least(known: Range, limit: Range) -> Bounds:
    return max(known.umin, limit.umin), known.umax, known.smin, known.smax


def _below(known: Range, limit: Range) -> Bounds:
    return known.umin, min(known.umax, limit.umax - 1), known.smin, known.smax


def _at_most(known: Range, limit: Range) -> Bounds:
    return known.umin, min(known.umax, limit.umax), known.smin, known.smax


def _signed_above(known: Range, limit: Range) -> Bounds:
    return known.umin, known.umax, max(known.smin, limit.smin + 1), known.smax


def _signed_at_least(known: Range, limit: Range) -> Bounds:
    return known.umin, known.umax, max(known.smin, limit.smin), known.smax


def _signed_below(known: Range, limit: Range) -> Bounds:
    return known.umin, known.umax, known.smin, min(known.smax, limit.smax - 1)


def _signed_at_most(known: Range, limit: Range) -> Bounds:
    return known.umin, known.umax, known.smin, min(known.smax, limit.smax)


_NARROW: dict[int, Callable[[Range, Range], Bounds | None]] = {
    JEQ: _equal,
    JNE: _not_equal,
    JGT: _above,
    JGE: _at_least,
    JLT: _below,
    JLE: _at_most,
    JSGT: _signed_above,
    JSGE: _signed_at_least,
    JSLT: _signed_below,
    JSLE: _signed_at_most,
}
