"""Arithmetic on values: the bounds that adjust_scalar_min_max_vals() of the verifier keeps."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from verifier.engine.flow.values import (
    PLACED,
    S32_MAX,
    S32_MIN,
    S64_MAX,
    S64_MIN,
    TO_ELEMENT,
    TO_FRAME,
    TO_OBJECT,
    TO_STACK,
    TO_TRUSTED,
    U64,
    UNKNOWN,
    UNKNOWN32,
    VAGUE,
    Pointer,
    Range,
    Value,
    as_range,
    make_range,
    signed,
)

# May be null, so the verifier does not calculate with it
_NO_ADDRESS = (TO_TRUSTED, TO_ELEMENT)
_CACHED = 1 << 14  # results kept: the same few values come again and again

ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, NEG, MOD, XOR, MOV, ARSH, END = range(0x00, 0xE0, 0x10)


@lru_cache(_CACHED)
def apply(operation: int, left: Value, right: Value, bits: int, is_signed: bool) -> Value:
    """Return `left operation right` on 64 or 32 bits; `is_signed` is that of DIV and MOD."""
    if isinstance(left, int) and isinstance(right, int):
        return _on_constants(operation, left, right, bits, is_signed)
    if operation in (AND, MUL) and 0 in (left, right):
        return 0
    if left is VAGUE or right is VAGUE:
        return VAGUE
    if isinstance(left, Pointer) or isinstance(right, Pointer):
        return _on_pointers(operation, left, right, bits)
    handler = _ON_RANGES.get(operation)
    if handler is None or is_signed:
        return UNKNOWN if bits == 64 else UNKNOWN32
    return handler(as_range(left, bits), as_range(right, bits), bits)


def absorbs(value: Value) -> bool:
    """Return whether any number may be added without changing what is known."""
    if isinstance(value, Pointer):
        return value.kind not in (*PLACED, *_NO_ADDRESS)
    return value is VAGUE or value == UNKNOWN


def swap(value: Value, size: int, swapped: bool) -> Value:
    """Return the result of a byte swap (or of none) that keeps `size` bytes."""
    if isinstance(value, int):
        data = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")
        return int.from_bytes(data, "big" if swapped else "little")
    return VAGUE if value is VAGUE else UNKNOWN


def sign_extend(value: Value, from_bits: int, bits: int) -> Value:
    """Return the result of a sign-extending move."""
    if isinstance(value, int):
        return signed(value, from_bits) & ((1 << bits) - 1)
    if value is VAGUE:
        return VAGUE
    low = as_range(value, 32)
    if from_bits < 32 and (low.smin < -(1 << from_bits - 1) or low.smax >= 1 << from_bits - 1):
        low = Range(32, 0, 0, -(1 << from_bits - 1), (1 << from_bits - 1) - 1)
    if bits == 32:
        made = make_range(32, 0, (1 << 32) - 1, low.smin, low.smax)
    else:
        made = make_range(64, 0, U64, low.smin, low.smax)
    return UNKNOWN if made is None else made


def _on_pointers(operation: int, left: Value, right: Value, bits: int) -> Value:
    """A pointer plus or minus a constant stays known; anything else makes a plain object."""
    if bits == 32:
        return UNKNOWN32
    if operation == ADD and isinstance(right, Pointer):
        left, right = right, left
    if isinstance(left, Pointer) and left.kind == TO_ELEMENT and isinstance(right, int):
        # Only an exact walk comes here, which may leave out that it is known to be there.
        return left if operation in (ADD, SUB) else UNKNOWN
    if not isinstance(left, Pointer) or isinstance(right, Pointer) or left.kind in _NO_ADDRESS:
        return UNKNOWN
    if operation in (ADD, SUB):
        if isinstance(right, int):
            step = signed(right, 64) if operation == ADD else -signed(right, 64)
            if left.kind not in PLACED and not (left.kind == TO_FRAME and left.target):
                return left
            return left._replace(offset=left.offset + step)
        return VAGUE if left.kind in (TO_STACK, TO_FRAME) else Pointer(TO_OBJECT)
    return UNKNOWN


def _on_constants(operation: int, left: int, right: int, bits: int, is_signed: bool) -> int:
    mask = (1 << bits) - 1
    left, right = left & mask, right & mask
    if operation in (DIV, MOD):
        return _divide(operation, left, right, bits, is_signed)
    return _CONSTANT[operation](left, right, bits) & mask


def _divide(operation: int, left: int, right: int, bits: int, is_signed: bool) -> int:
    """Division by zero gives zero, the remainder of it the dividend."""
    if right == 0:
        return 0 if operation == DIV else left
    if not is_signed:
        return left // right if operation == DIV else left % right
    left, right = signed(left, bits), signed(right, bits)
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return (quotient if operation == DIV else left - quotient * right) & ((1 << bits) - 1)


_CONSTANT: dict[int, Callable[[int, int, int], int]] = {
    ADD: lambda left, right, bits: left + right,
    SUB: lambda left, right, bits: left - right,
    MUL: lambda left, right, bits: left * right,
    OR: lambda left, right, bits: left | right,
    AND: lambda left, right, bits: left & right,
    LSH: lambda left, right, bits: left << (right & (bits - 1)),
    RSH: lambda left, right, bits: left >> (right & (bits - 1)),
    NEG: lambda left, right, bits: -left,
    XOR: lambda left, right, bits: left ^ right,
    ARSH: lambda left, right, bits: signed(left, bits) >> (right & (bits - 1)),
}


def _bounded(bits: int, umin: int, umax: int, smin: int, smax: int) -> Value:
    """Make a range of bounds that may have overflowed; those that did are given up."""
    top = (1 << bits) - 1
    low, high = (S64_MIN, S64_MAX) if bits == 64 else (S32_MIN, S32_MAX)
    if umin < 0 or umax > top:
        umin, umax = 0, top
    if smin < low or smax > high:
        smin, smax = low, high
    made = make_range(bits, umin, umax, smin, smax)
    return made if made is not None else UNKNOWN if bits == 64 else UNKNOWN32


def _unsigned(bits: int, umin: int, umax: int) -> Value:
    low, high = (S64_MIN, S64_MAX) if bits == 64 else (S32_MIN, S32_MAX)
    return _bounded(bits, umin, umax, low, high)


def _add(left: Range, right: Range, bits: int) -> Value:
    pairs = zip(left[1:], right[1:], strict=True)
    return _bounded(bits, *[mine + its for mine, its in pairs])


def _sub(left: Range, right: Range, bits: int) -> Value:
    return _bounded(
        bits,
        left.umin - right.umax,
        left.umax - right.umin,
        left.smin - right.smax,
        left.smax - right.smin,
    )


def _mul(left: Range, right: Range, bits: int) -> Value:
    """Return VAGUE where anything is known of a product: the verifier may know its bits better."""
    made = _unsigned(bits, left.umin * right.umin, left.umax * right.umax)
    return made if made in (UNKNOWN, UNKNOWN32) else VAGUE


def _and(left: Range, right: Range, bits: int) -> Value:
    return _unsigned(bits, 0, min(left.umax, right.umax))


def _or(left: Range, right: Range, bits: int) -> Value:
    top = (1 << max(left.umax.bit_length(), right.umax.bit_length())) - 1
    return _unsigned(bits, max(left.umin, right.umin), top)


def _xor(left: Range, right: Range, bits: int) -> Value:
    top = (1 << max(left.umax.bit_length(), right.umax.bit_length())) - 1
    return _unsigned(bits, 0, top)


def _lsh(left: Range, right: Range, bits: int) -> Value:
    if right.umax >= bits:
        return UNKNOWN if bits == 64 else UNKNOWN32
    return _unsigned(bits, left.umin << right.umin, left.umax << right.umax)


def _rsh(left: Range, right: Range, bits: int) -> Value:
    if right.umax >= bits:
        return UNKNOWN if bits == 64 else UNKNOWN32
    return _unsigned(bits, left.umin >> right.umax, left.umax >> right.umin)


def _arsh(left: Range, right: Range, bits: int) -> Value:
    if right.umin != right.umax or right.umax >= bits:
        return UNKNOWN if bits == 64 else UNKNOWN32
    top = (1 << bits) - 1
    return _bounded(bits, 0, top, left.smin >> right.umin, left.smax >> right.umin)


_ON_RANGES: dict[int, Callable[[Range, Range, int], Value]] = {
    ADD: _add,
    SUB: _sub,
    MUL: _mul,
    AND: _and,
    OR: _or,
    XOR: _xor,
    LSH: _lsh,
    RSH: _rsh,
    ARSH: _arsh,
}
