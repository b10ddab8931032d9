"""Capability bits: they reproduce the matrix, and are as few as can be."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfmap.permission.context import Context
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.bicliques import list_maximal, merge_equal
from kfmap.permission.mechanisms.capabilities import assign_bits, synthesise
from kfmap.permission.mechanisms.cover import choose_greedily, find_cover
from kfmap.permission.mechanisms.table import ALL, ANY, table_of_masks
from tests.permission.small_kernel import create_toy_kernel

MATRICES = st.integers(1, 6).flatmap(
    lambda width: st.tuples(
        st.just(width), st.lists(st.integers(0, (1 << width) - 1), min_size=1, max_size=7)
    )
)
CONTEXTS = [Context(f"BPF_PROG_TYPE_{number}") for number in range(6)]


def kfuncs(count: int) -> list[str]:
    return [f"bpf_{number}" for number in range(count)]


@given(MATRICES, st.sampled_from([ANY, ALL]))
def test_bits_reproduce_every_cell(matrix: tuple[int, list[int]], reading: str) -> None:
    width, rows = matrix
    names, contexts = kfuncs(len(rows)), CONTEXTS[:width]
    table = assign_bits(names, contexts, rows, reading)
    for name, row in zip(names, rows, strict=True):
        for column, context in enumerate(contexts):
            assert table.allows(context, name) == bool(row >> column & 1)
    assert table.lower <= table.bits <= table.greedy


@given(st.lists(st.integers(1, 63), min_size=1, max_size=7))
def test_cover_is_the_smallest_there_is(candidates: list[int]) -> None:
    everything = 0
    for candidate in candidates:
        everything |= candidate
    cover = find_cover(candidates, everything)
    assert cover.is_exact
    smallest = next(
        size
        for size in range(len(candidates) + 1)
        for some in combinations(candidates, size)
        if sum({1 << b for c in some for b in range(6) if c >> b & 1}) == everything
    )
    assert len(cover.chosen) == smallest


def test_cover_without_budget_still_covers_and_bounds() -> None:
    candidates = [0b000111, 0b111000, 0b011110, 0b100001]
    cover = find_cover(candidates, 0b111111, budget=1)
    assert cover.lower <= 2 <= len(cover.chosen)


def test_greedy_cover_says_when_there_is_none() -> None:
    with pytest.raises(ValueError, match="do not cover"):
        choose_greedily([0b01], 0b11)


def test_equal_rows_and_columns_are_merged() -> None:
    merged = merge_equal([0b0011, 0b0011, 0b1100], 4)
    assert (len(merged.rows), merged.width) == (2, 2)
    assert merged.row_class == (0, 0, 1)
    assert merged.column_class == (0, 0, 1, 1)


def test_a_diagonal_needs_a_bit_for_each_row_with_any() -> None:
    rows = [1 << number for number in range(5)]
    assert assign_bits(kfuncs(5), CONTEXTS[:5], rows, ANY).bits == 5
    assert (
        assign_bits(kfuncs(5), CONTEXTS[:5], rows, ALL).bits == 4
    )  # the fewest b with C(b, b/2) ≥ 5


def test_too_many_rectangles_are_said_and_still_covered() -> None:
    assert list_maximal([0b0111, 0b1011, 0b1101, 0b1110], limit=3) is None


def test_synthesised_masks_reproduce_the_toy_kernel_in_every_cell() -> None:
    decider = Decider(create_toy_kernel())
    contexts = build_contexts(decider.facts)
    for reading in (ANY, ALL):
        table = synthesise(decider, contexts, reading)
        assert table.is_exact
        for context in contexts:
            for kfunc in decider.kfuncs:
                allowed = decider.decide(context, kfunc).verdict == "allowed"
                assert table.allows(context, kfunc) == allowed


def test_masks_are_explained_by_their_bits() -> None:
    context = Context("BPF_PROG_TYPE_XDP")
    table = table_of_masks(ALL, {"bpf_it": 0b101}, {context: 0b10})
    text = table.explain(context, "bpf_it").text
    assert text == "bpf_it needs all of bits 0, 2; the context holds bits 1"
    other = table.read_as(ANY).explain(Context("BPF_PROG_TYPE_LSM"), "bpf_it").text
    assert other == "bpf_it needs one of bits 0, 2; the context holds no bits"
