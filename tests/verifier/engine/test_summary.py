"""What an object holds: programs that tail calls may lead to are named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.verifier.engine.object.objects import read
from verifier.engine import summary
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


def test_calls_beyond_the_most_are_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    obj = read("scheduler.bpf.o")
    whole = summarize(obj)
    calls = [call for program in whole.programs for call in program.calls]
    monkeypatch.setattr(summary, "MAX_CALLS", 2)
    cut = summarize(obj)
    assert [call for program in cut.programs for call in program.calls] == calls[:2]
    left_out = [
        f"{program.name}: {len(program.calls) - len(kept.calls)} of its calls are not listed"
        for program, kept in zip(whole.programs, cut.programs, strict=True)
        if kept.calls != program.calls
    ]
    assert left_out and list(cut.notes) == left_out


def test_calls_on_one_way_share_its_steps() -> None:
    calls = [
        call for program in summarize(read("scheduler.bpf.o")).programs for call in program.calls
    ]
    steps = [step for call in calls for step in call.path]
    assert len({id(step) for step in steps}) == len(set(steps)) < len(steps)
