"""Timers and work are set up with the map that they are in (tests/objects/set_up_maps.bpf.c).

What is expected here, booted kernels 7.3.4, 6.12.107 and 6.1.192 said of each program.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.verifier.bundled import bundled_kernel, check_on, reasons_of
from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.object.objects import read
from verifier.engine.flow.calls import CallGraph
from verifier.engine.object.model import BpfMap
from verifier.engine.result import PASSES, REFUSED, UNKNOWN
from verifier.engine.verdict import check_object

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


def test_with_which_inner_map_something_is_set_up_is_not_known() -> None:
    """7.3.4 loads timer_mim.c of the selftests, and refuses timer_mim_reject.c."""
    text = """
        main: program; r1 = &map0; call 1; if r0 == 0 goto end; r6 = r0
        r1 = r6; r2 = r10; call 1; if r0 == 0 goto end; r1 = r0; r2 = r6; r3 = 1; call 169
        r1 = &map1; r2 = r10; call 1
        end: ; r0 = 0; exit
    """
    inner = BpfMap("inner", 2)
    maps = (BpfMap("outer", 12, inner=inner), BpfMap("other", 2))
    verdict = check_object(replace(assemble(text), maps=maps), bundled_kernel("7.3")).programs[0]
    assert verdict.verdict == UNKNOWN
    assert not any("has to have BTF" in text for text in reasons_of(verdict))
