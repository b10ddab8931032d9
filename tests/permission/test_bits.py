"""Bits of kfuncs and the letters of their verdicts."""

from __future__ import annotations

from kfmap.permission.bits import KfuncBits, each_bit, has_bit, name_bits

BITS = KfuncBits(allowed=0b001, possible=0b101)
KFUNCS = ("a", "b", "c")


def test_letters_say_surely_not_and_perhaps() -> None:
    assert BITS.letters(3) == "AD?"
    assert [BITS.letter(place) for place in range(3)] == list("AD?")
    assert [BITS.word(place) for place in range(3)] == ["allowed", "refused", "unknown"]


def test_letters_are_as_many_as_kfuncs_also_where_there_are_none() -> None:
    assert KfuncBits(0, 0).letters(0) == ""
    assert KfuncBits(0, 0).letters(2) == "DD"


def test_names_are_those_that_surely_may_be_called() -> None:
    assert BITS.names(KFUNCS) == ["a"]
    assert name_bits(BITS.possible, KFUNCS) == ["a", "c"]


def test_what_is_taken_out_is_refused() -> None:
    assert BITS.without(0b100) == KfuncBits(0b001, 0b001)


def test_single_bits() -> None:
    assert list(each_bit(0b1010)) == [1, 3]
    assert has_bit(0b1010, 1) and not has_bit(0b1010, 2)
