"""Whole words: nothing that only begins or ends like one is found."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfmap.kernel.whole_word import count_word, find_word, has_word


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("name", True),
        ("(name)", True),
        ("a.name=1", True),
        ("rename", False),
        ("name_s, name2", False),
        ("_name name", True),
        ("", False),
    ],
)
def test_a_word_is_found_where_nothing_of_a_name_is_beside_it(text: str, found: bool) -> None:
    assert has_word(text, "name") is found


def test_what_stands_before_the_place_to_start_from_counts() -> None:
    assert not has_word("rename", "name", 2)
    assert has_word("re name", "name", 2)


def test_what_stands_behind_the_place_to_end_at_does_not_count() -> None:
    assert has_word("names", "name", 0, 4)
    assert not has_word("a name", "name", 0, 5)


@given(st.text("ab_1 (é", max_size=30), st.sampled_from(["a", "ab", "a1", "_a"]), st.integers(0, 9))
def test_words_are_found_where_a_pattern_finds_them(text: str, word: str, start: int) -> None:
    found = [match.start() for match in re.compile(rf"\b{word}\b", re.A).finditer(text, start)]
    assert list(find_word(text, word, start)) == found
    assert count_word(text, word, start) == len(found)


def test_a_word_is_no_pattern() -> None:
    assert not has_word("abc", "a.c")
