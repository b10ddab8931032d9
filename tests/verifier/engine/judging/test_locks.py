"""Which lock is which: of objects that were made, and of elements that were looked up."""

from __future__ import annotations

import pytest

from tests.verifier.engine.judging.toy import check, kernel_facts, only_finding
from verifier.engine.result import PASSES, REFUSED

_OBJECT, _ELEMENT = "call bpf_obj_new", "r1 = &counts; call 1"


@pytest.mark.parametrize("second", [_OBJECT, _ELEMENT, "r1 = r6; call 1"])
@pytest.mark.parametrize("first", [_OBJECT, _ELEMENT, "r1 = &counts; call 1; r1 = r0; call 1"])
@pytest.mark.parametrize(("ended", "expected"), [("r6", PASSES), ("r7", REFUSED)])
def test_locks_of_two_objects_are_two(first: str, second: str, ended: str, expected: str) -> None:
    """ "bpf_spin_unlock of different lock" (process_spin_lock(), from 5.1 on).

    Objects that were made and elements that were looked up, of inner maps too, have an id each.
    """
    end = "if r0 == 0 goto end"
    if " call 1; r1 = r0" in first:
        first = first.replace("; r1 = r0", f"; {end}; r1 = r0")
    text = f"""
        main: program; {first}; {end}; r6 = r0; {second}; {end}; r7 = r0
        r1 = r6; r1 += 4; call 93; r1 = {ended}; r1 += 4; call 94
        end: ; exit
    """
    verdict = check(text, facts=kernel_facts("bpf_obj_new"))["main"]
    assert verdict.verdict == expected
    if expected == REFUSED:
        assert "a lock other than the one that is held" in only_finding(verdict).reasons[0].text


@pytest.mark.parametrize("make", [_OBJECT, _ELEMENT])
def test_an_object_of_an_earlier_turn_is_not_the_one_of_this_turn(make: str) -> None:
    text = f"""
        main: program; r6 = 0
        again: ; {make}; if r0 == 0 goto end; r7 = r0; if r6 != 0 goto both; r6 = r0; goto again
        both: ; r1 = r6; call bpf_res_spin_lock; if r0 != 0 goto end
        r1 = r7; call bpf_res_spin_lock; if r0 != 0 goto first; r1 = r7; call bpf_res_spin_unlock
        first: ; r1 = r6; call bpf_res_spin_unlock
        end: ; exit
    """
    names = ("bpf_obj_new", "bpf_res_spin_lock", "bpf_res_spin_unlock")
    assert check(text, facts=kernel_facts(*names, lock_safe=names))["main"].verdict == PASSES
