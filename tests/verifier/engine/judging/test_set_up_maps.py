"""Timers and work are set up with the map that they are in (tests/objects/set_up_maps.bpf.c).

What is expected here, booted kernels 7.3.4, 6.12.107 and 6.1.192 said of each program.
"""

from __future__ import annotations

import pytest

from tests.verifier.bundled import check_on
from tests.verifier.engine.object.objects import read
from verifier.engine.flow.calls import CallGraph
from verifier.engine.result import PASSES, REFUSED

_OBJECT = "set_up_maps.bpf.o"
_OWN = ("its_own", "where_it_fits", "each_of_its_own", "work_of_its_own")


@pytest.mark.parametrize("kernel", ["6.1", "6.12", "7.3"])
@pytest.mark.parametrize(
    ("program", "owner", "other"),
    [
        ("another", "clocks", "alarms"),
        ("another_in_function", "alarms", "clocks"),
        ("on_one_way", "clocks", "alarms"),
        ("each_of_another", "alarms", "clocks"),
    ],
)
def test_a_timer_set_up_with_another_map_is_refused(
    kernel: str, program: str, owner: str, other: str
) -> None:
    verdict = check_on(kernel, _OBJECT)[program]
    assert verdict.verdict == REFUSED
    [reason] = verdict.findings[0].reasons
    assert reason.text == (
        "pointer in R1 doesn't match map pointer in R2: "
        f"it is in map '{owner}', and is set up with '{other}'"
    )
    assert "give it the map in which the element was looked up" in verdict.findings[0].suggestion


@pytest.mark.parametrize(("kernel", "expected"), [("6.12", REFUSED), ("7.3", REFUSED)])
def test_work_set_up_with_another_map_is_refused(kernel: str, expected: str) -> None:
    assert check_on(kernel, _OBJECT)["work_of_another"].verdict == expected


@pytest.mark.parametrize("kernel", ["6.1", "6.12", "7.3"])
def test_what_is_set_up_with_its_own_map_passes(kernel: str) -> None:
    verdicts = check_on(kernel, _OBJECT)
    assert [verdicts[name].verdict for name in _OWN] == [PASSES] * len(_OWN)


@pytest.mark.parametrize(
    ("name", "expected"), [(_OBJECT, True), ("scheduler.bpf.o", False), ("kinds.bpf.o", False)]
)
def test_elements_are_told_apart_only_where_maps_may_be_mixed_up(name: str, expected: bool) -> None:
    assert CallGraph(read(name)).mixes_maps is expected
