"""Bounds contain what the real operations give, and branches are decided as they would be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from verifier.engine.flow import arithmetic, branch
from verifier.engine.flow.values import (
    OBJECT,
    TO_STACK,
    TO_TRUSTED,
    U32,
    U64,
    UNKNOWN,
    VAGUE,
    Pointer,
    Range,
    Value,
    as_range,
    low_half,
    make_range,
    signed,
)

_OPERATIONS = (
    arithmetic.ADD,
    arithmetic.SUB,
    arithmetic.MUL,
    arithmetic.OR,
    arithmetic.AND,
    arithmetic.LSH,
    arithmetic.RSH,
    arithmetic.XOR,
    arithmetic.ARSH,
    arithmetic.DIV,
    arithmetic.MOD,
)
_EDGES = [0, 1, 7, 8, U32 >> 1, (U32 >> 1) + 1, U32, U32 + 1, U64 >> 1, (U64 >> 1) + 1, U64]
_numbers = st.one_of(st.sampled_from(_EDGES), st.integers(0, U64), st.integers(0, 40))


@st.composite
def _member(draw: st.DrawFn, bits: int = 64) -> tuple[int, Value]:
    """Draw a number and a value that it is one of."""
    mask = (1 << bits) - 1
    number = draw(_numbers) & mask
    if draw(st.booleans()):
        return number, number
    others = [draw(_numbers) & mask for _ in range(2)]
    low, high = min(number, *others), max(number, *others)
    known = signed(number, bits)
    signs = [signed(other, bits) for other in others]
    made = make_range(bits, low, high, min(known, *signs), max(known, *signs))
    assert made is not None
    return number, made


def _contains(value: Value, number: int, bits: int) -> bool:
    bounds = as_range(value, bits)
    number &= (1 << bits) - 1
    return (
        bounds.umin <= number <= bounds.umax and bounds.smin <= signed(number, bits) <= bounds.smax
    )


@given(st.sampled_from(_OPERATIONS), _member(), _member(), st.booleans())
def test_results_of_64_bit_operations_are_within_bounds(
    operation: int, left: tuple[int, Value], right: tuple[int, Value], is_signed: bool
) -> None:
    exact = arithmetic.apply(operation, left[0], right[0], 64, is_signed)
    bounds = arithmetic.apply(operation, left[1], right[1], 64, is_signed)
    assert isinstance(exact, int)
    if operation in (arithmetic.LSH, arithmetic.RSH, arithmetic.ARSH) and right[0] >= 64:
        return
    assert _contains(bounds, exact, 64)


@given(st.sampled_from(_OPERATIONS), _member(), _member())
def test_results_of_32_bit_operations_are_within_bounds(
    operation: int, left: tuple[int, Value], right: tuple[int, Value]
) -> None:
    exact = arithmetic.apply(operation, left[0], right[0], 32, False)
    bounds = arithmetic.apply(operation, left[1], right[1], 32, False)
    assert isinstance(exact, int)
    if operation in (arithmetic.LSH, arithmetic.RSH, arithmetic.ARSH) and right[0] & U32 >= 32:
        return
    assert _contains(bounds, exact, 32)


@given(_member(), st.sampled_from((8, 16, 32)), st.sampled_from((32, 64)))
def test_sign_extension_is_within_bounds(member: tuple[int, Value], source: int, bits: int) -> None:
    exact = arithmetic.sign_extend(member[0], source, bits)
    assert isinstance(exact, int)
    assert _contains(arithmetic.sign_extend(member[1], source, bits), exact, bits)


@given(_member())
def test_low_half_is_within_bounds(member: tuple[int, Value]) -> None:
    assert _contains(low_half(member[1]), member[0] & U32, 64)


@given(st.sampled_from(sorted(branch._COMPARE)), _member(), _member(), st.sampled_from((32, 64)))
def test_a_branch_decided_on_bounds_is_decided_so_for_every_number(
    operation: int, left: tuple[int, Value], right: tuple[int, Value], bits: int
) -> None:
    exact = branch.decide(operation, left[0], right[0], bits)
    ways = branch.decide(operation, left[1], right[1], bits)
    assert ways.taken >= exact.taken
    assert ways.next >= exact.next


@given(st.sampled_from(sorted(branch._COMPARE)), _member(), _member(), st.sampled_from((32, 64)))
def test_what_a_branch_tells_is_true_of_the_numbers_that_take_it(
    operation: int, left: tuple[int, Value], right: tuple[int, Value], bits: int
) -> None:
    taken = branch.decide(operation, left[0], right[0], bits).taken == branch.SURE
    side = branch.find_sides(operation, left[1], right[1], bits)[taken]
    assert side is not None
    assert _contains(side.left, left[0], bits)
    assert _contains(side.right, right[0], bits)


def test_and_with_a_mask_bounds_an_unknown_value() -> None:
    assert arithmetic.apply(arithmetic.AND, UNKNOWN, 7, 64, False) == Range(64, 0, 7, 0, 7)


def test_addresses_are_not_null() -> None:
    assert branch.decide(branch.JEQ, OBJECT, 0, 64) == branch.NEXT
    assert branch.decide(branch.JNE, Pointer(TO_STACK, 0, -8), 0, 64) == branch.TAKEN


def test_what_may_be_a_trusted_pointer_is_surely_only_not_null() -> None:
    trusted = Pointer(TO_TRUSTED)
    assert branch.decide(branch.JEQ, trusted, 0, 64) == branch.Ways(branch.PERHAPS, branch.SURE)
    assert branch.decide(branch.JEQ, trusted, 0, 32) == branch.BOTH


def test_vague_values_decide_nothing() -> None:
    assert branch.decide(branch.JEQ, VAGUE, 0, 64) == branch.EITHER
    assert arithmetic.apply(arithmetic.ADD, VAGUE, 1, 64, False) is VAGUE


def test_division_by_zero_is_that_of_bpf() -> None:
    assert arithmetic.apply(arithmetic.DIV, 5, 0, 64, False) == 0
    assert arithmetic.apply(arithmetic.MOD, 5, 0, 64, False) == 5


def test_signed_division_rounds_to_zero() -> None:
    minus_seven = -7 & U64
    assert arithmetic.apply(arithmetic.DIV, minus_seven, 2, 64, True) == -3 & U64
    assert arithmetic.apply(arithmetic.MOD, minus_seven, 2, 64, True) == -1 & U64


def test_byte_swap_keeps_the_bytes_asked_for() -> None:
    assert arithmetic.swap(0x11223344, 2, True) == 0x4433
    assert arithmetic.swap(0x11223344, 2, False) == 0x3344
