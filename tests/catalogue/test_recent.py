"""What is kept of what was worked out lately."""

from __future__ import annotations

from kfmap.catalogue.recent import Recent


def test_the_value_not_used_for_longest_makes_room() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.put("a", 1)
    recent.put("b", 2)
    assert recent.get("a") == 1
    recent.put("c", 3)
    assert [recent.get(key) for key in "abc"] == [1, None, 3]


def test_a_value_is_replaced() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.put("a", 1)
    recent.put("a", 2)
    assert recent.get("a") == 2


def test_values_make_room_by_what_they_weigh() -> None:
    recent: Recent[str, str] = Recent(10, weigh=len)
    recent.put("a", "1234")
    recent.put("b", "1234")
    recent.put("a", "12345678")
    assert [recent.get(key) for key in "ab"] == ["12345678", None]
    recent.put("c", "x" * 11)  # heavier than all that is kept together
    assert [recent.get(key) for key in "ac"] == [None, None]
    recent.put("d", "1234567890")
    assert recent.get("d") == "1234567890"
