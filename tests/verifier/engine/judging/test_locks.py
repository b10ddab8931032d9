"""Which lock is which: of objects that were made, and of elements that were looked up."""

from __future__ import annotations

import pytest

from tests.verifier.engine.judging.toy import behaving, check, kernel_facts, only_finding
from verifier.engine.result import PASSES, REFUSED, UNKNOWN

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


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        ("r1 = r8", PASSES),
        ("r1 = r7", REFUSED),
        ("r2 = *(u64 *)(r6 + 8); r1 = r6; if r2 == 0 goto last; r1 = r7; last:", REFUSED),
        ("r2 = *(u64 *)(r6 + 8); r9 = r6; if r2 == 0 goto last; r9 = r7; last: ; r1 = r8", PASSES),
    ],
)
def test_a_lock_that_was_chosen_at_run_time_is_not_one_that_is_chosen_again(
    ended: str, expected: str
) -> None:
    """process_spin_lock() walks each choice: "bpf_spin_unlock of different lock" on 7.3.4."""
    text = f"""
        main: program; r1 = &map; call 1; if r0 == 0 goto end; r6 = r0
        r1 = &map; call 1; if r0 == 0 goto end; r7 = r0
        call 7; r8 = r6; if r0 == 0 goto first; r8 = r7
        first: ; r1 = r8; r1 += 4; call 93; {ended}; r1 += 4; call 94
        end: ; exit
    """
    verdict = check(text)["main"]
    assert verdict.verdict == expected
    if expected == REFUSED:
        assert "a lock other than the one that is held" in only_finding(verdict).reasons[0].text


@pytest.mark.parametrize(
    ("again", "ended", "expected"),
    [
        ("r9 = r6; if r1 == 0 goto same; r9 = r7; same:", "r1 = r8", PASSES),
        ("r9 = r6; if r1 == 0 goto same; r9 = r7; same:", "r1 = r9", REFUSED),
        ("r9 = r8", "r1 = r9", PASSES),
    ],
)
def test_of_two_that_were_chosen_before_either_may_be_the_one_that_is_held(
    again: str, ended: str, expected: str
) -> None:
    """ "bpf_spin_unlock of different lock" on 7.3.4, which walks each choice."""
    text = f"""
        main: program; r1 = &map; call 1; if r0 == 0 goto end; r6 = r0
        r1 = &map; call 1; if r0 == 0 goto end; r7 = r0
        call 7; r8 = r6; if r0 == 0 goto first; r8 = r7
        first: ; call 7; r1 = r0; {again}
        r1 = r8; r1 += 4; call 93; {ended}; r1 += 4; call 94
        end: ; exit
    """
    assert check(text)["main"].verdict == expected


@pytest.mark.parametrize(("other", "expected"), [("r6", REFUSED), ("r7", REFUSED), ("r9", PASSES)])
def test_a_resilient_lock_that_was_chosen_may_be_one_that_is_taken_again(
    other: str, expected: str
) -> None:
    """ "Acquiring the same lock again, AA deadlock detected" on 7.3.4 (process_spin_lock())."""
    text = f"""
        main: program; r1 = &map; call 1; if r0 == 0 goto end; r6 = r0
        r1 = &map; call 1; if r0 == 0 goto end; r7 = r0
        r1 = &map; call 1; if r0 == 0 goto end; r9 = r0
        call 7; r8 = r6; if r0 == 0 goto first; r8 = r7
        first: ; r1 = r8; call bpf_res_spin_lock; if r0 != 0 goto end
        r1 = {other}; call bpf_res_spin_lock; if r0 != 0 goto last; r1 = {other}
        call bpf_res_spin_unlock
        last: ; r1 = r8; call bpf_res_spin_unlock
        end: ; exit
    """
    names = ("bpf_res_spin_lock", "bpf_res_spin_unlock")
    verdict = check(text, facts=kernel_facts(*names, lock_safe=names))["main"]
    assert verdict.verdict == expected
    if expected == REFUSED:
        assert "a lock that is already held" in only_finding(verdict).reasons[0].text


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


# An element that a callback of bpf_for_each_map_elem() gets goes through the stack to the callback
# of a nested call, which takes its own lock and releases that one.
_NESTED = """
    main: program; r1 = &{map}; r2 = &outer; r3 = 0; r4 = 0; call 164; exit
    outer: static; {keep}; r1 = &map; r2 = &inner; r3 = r10; r3 += -24; r4 = 0; call 164
    r0 = 0; exit
    inner: static; r6 = r3; r7 = r4; r1 = r6; r1 += 4; call 93; {ended}; r1 += 4; call 94
    r0 = 0; exit
"""
_KEPT, _TAKE_KEPT = "*(u64 *)(r10 - 16) = r3", "r1 = *(u64 *)(r7 + 8)"


@pytest.mark.parametrize(
    ("ended", "told_apart", "expected"),
    [
        (_TAKE_KEPT, True, REFUSED),
        (_TAKE_KEPT, False, PASSES),
        ("r7 += 16; r1 = *(u64 *)(r7 - 8)", True, REFUSED),
        ("r1 = r6", True, PASSES),
        ("r1 = r6; *(u64 *)(r7 + 8) = r6; r1 = *(u64 *)(r7 + 8)", True, PASSES),
    ],
)
def test_elements_of_nested_callbacks_are_two_where_the_kernel_gives_each_an_id(
    ended: str, told_apart: bool, expected: str
) -> None:
    """map_set_for_each_callback_args(): no id, so one lock, before 7.3.4."""
    facts = behaving(kernel_facts(), callback_elements_have_ids=told_apart)
    text = _NESTED.format(map="map", keep=_KEPT, ended=ended)
    assert check(text, facts=facts)["main"].verdict == expected


@pytest.mark.parametrize("told_apart", [True, False])
def test_elements_of_two_maps_that_callbacks_get_are_two_on_every_kernel(told_apart: bool) -> None:
    facts = behaving(kernel_facts(), callback_elements_have_ids=told_apart)
    text = _NESTED.format(map="map1", keep=_KEPT, ended=_TAKE_KEPT)
    assert check(text, facts=facts)["main"].verdict == REFUSED


@pytest.mark.parametrize(("told_apart", "expected"), [(True, PASSES), (False, REFUSED)])
def test_a_resilient_lock_of_another_callbacks_element_is_not_held_already(
    told_apart: bool, expected: str
) -> None:
    """ "Acquiring the same lock again, AA deadlock detected": both have the id 0 without it."""
    names = ("bpf_res_spin_lock", "bpf_res_spin_unlock")
    facts = behaving(kernel_facts(*names, lock_safe=names), callback_elements_have_ids=told_apart)
    text = """
        main: program; r1 = &map; r2 = &outer; r3 = 0; r4 = 0; call 164; exit
        outer: static; *(u64 *)(r10 - 8) = r3
        r1 = &map; r2 = &inner; r3 = r10; r3 += -8; r4 = 0; call 164; r0 = 0; exit
        inner: static; r6 = r3; r7 = *(u64 *)(r4 + 0)
        r1 = r6; call bpf_res_spin_lock; if r0 != 0 goto end
        r1 = r7; call bpf_res_spin_lock; if r0 != 0 goto first; r1 = r7; call bpf_res_spin_unlock
        first: ; r1 = r6; call bpf_res_spin_unlock
        end: ; r0 = 0; exit
    """
    assert check(text, facts=facts)["main"].verdict == expected


@pytest.mark.parametrize(("ended", "expected"), [("r6", PASSES), ("r7", REFUSED)])
def test_a_static_function_is_given_locks_on_its_callers_stack(ended: str, expected: str) -> None:
    text = f"""
        main: program; r1 = &map; call 1; if r0 == 0 goto end; r6 = r0
        r1 = &map; call 1; if r0 == 0 goto end; r7 = r0
        *(u64 *)(r10 - 8) = {ended}; r1 = r6; r1 += 4; call 93; r1 = r10; r1 += -8; call unlock
        end: ; exit
        unlock: static; r1 = *(u64 *)(r1 + 0); r1 += 4; call 94; r0 = 0; exit
    """
    assert check(text)["main"].verdict == expected


@pytest.mark.parametrize(("held", "expected"), [("r6", PASSES), ("r7", REFUSED)])
@pytest.mark.parametrize("way", ["r1 += 8; r1 += -8; call unlock", "call below"])
def test_a_static_function_that_writes_to_its_callers_stack_is_followed(
    way: str, held: str, expected: str
) -> None:
    """It changes the two places around: the lock that comes to be released is the first one."""
    text = f"""
        main: program; r1 = &map; call 1; if r0 == 0 goto end; r6 = r0
        r1 = &map; call 1; if r0 == 0 goto end; r7 = r0
        *(u64 *)(r10 - 16) = r6; *(u64 *)(r10 - 8) = r7
        r1 = {held}; r1 += 4; call 93; r1 = r10; r1 += -16; call swap
        end: ; exit
        swap: static; r2 = *(u64 *)(r1 + 8); r3 = *(u64 *)(r1 + 0)
        *(u64 *)(r1 + 8) = r3; *(u64 *)(r1 + 0) = r2; {way}; r0 = 0; exit
        below: static; call unlock; r0 = 0; exit
        unlock: static; r1 = *(u64 *)(r1 + 8); r1 += 4; call 94; r0 = 0; exit
    """
    assert check(text)["main"].verdict == expected


def test_what_a_static_function_left_on_its_callers_stack_is_not_known() -> None:
    """7.3.4 and 6.18.15 tell which lock it is; it was taken for the right one."""
    text = """
        main: program; r1 = &map; call 1; if r0 == 0 goto end; r6 = r0
        r1 = &map; call 1; if r0 == 0 goto end; r7 = r0
        *(u64 *)(r10 - 16) = r6; *(u64 *)(r10 - 8) = r7
        r1 = r6; r1 += 4; call 93; r1 = r10; r1 += -16; call swap
        r1 = *(u64 *)(r10 - 16); r1 += 4; call 94
        end: ; exit
        swap: static; r2 = *(u64 *)(r1 + 8); r3 = *(u64 *)(r1 + 0)
        *(u64 *)(r1 + 8) = r3; *(u64 *)(r1 + 0) = r2; r0 = 0; exit
    """
    assert check(text)["main"].verdict == UNKNOWN


@pytest.mark.parametrize(("ended", "expected"), [("r6", PASSES), ("r7", REFUSED)])
def test_the_element_of_a_timer_is_not_one_that_its_callback_looks_up(
    ended: str, expected: str
) -> None:
    text = f"""
        main: program; r1 = &map; call 1; if r0 == 0 goto end; r1 = r0; r2 = &later; call 170
        end: ; exit
        later: static; r6 = r3; r1 = &map; call 1; if r0 == 0 goto none; r7 = r0
        r1 = r6; r1 += 4; call 93; r1 = {ended}; r1 += 4; call 94
        none: ; r0 = 0; exit
    """
    assert check(text)["main"].verdict == expected
