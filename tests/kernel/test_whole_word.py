"""Whole words: nothing that only begins or ends like one is found."""

import pytest

from kfmap.kernel.whole_word import has_word, whole_word


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
    assert whole_word("name").search("rename", 2) is None
    assert whole_word("name").search("re name", 2) is not None


def test_a_word_is_no_pattern() -> None:
    assert not has_word("abc", "a.c")
