"""What an object holds: programs that tail calls may lead to are named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.verifier.engine.object.objects import read
from verifier.engine.summary import summarize


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ((), "whatever is put there after loading"),
        ((3, 2, 3), "xdp_second and xdp_first"),
        (
            tuple(range(10)),
            "on_throw, on_loop, xdp_first, xdp_second, tc_throws, loops and 4 others",
        ),
    ],
)
def test_tail_calls_are_named_with_their_map(targets: tuple[int, ...], expected: str) -> None:
    obj = read("kinds.bpf.o")
    maps = tuple(replace(item, tail_calls=targets) for item in obj.maps)
    notes = summarize(replace(obj, maps=maps)).notes
    assert notes == (f"tail_calls may tail-call through calls: {expected}",)


def test_maps_of_other_kinds_are_no_tail_calls() -> None:
    assert summarize(read("scheduler.bpf.o")).notes == ()
