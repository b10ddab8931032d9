"""Loops: which calls a verifier walks in and after them, and that walking them ends."""

from __future__ import annotations

import pytest

from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.flow.walking import PERHAPS, SURE, Walked, live


def test_loops_end() -> None:
    text = """
        main: program
        r6 = 0
        again: ; r6 += 1
        if r6 < 1000 goto again
        if r6 == 1000 goto end
        call f
        end: ; exit
    """
    assert live(assemble(text)) == {"f": PERHAPS}
    assert live(assemble(text), exact=True) == {}


@pytest.mark.parametrize(
    "next_turn", ["call bpf_iter_num_next; if r0 == 0 goto out", "may_goto out"]
)
def test_bounds_that_grow_with_every_turn_are_forgotten(next_turn: str) -> None:
    text = f"""
        main: program; r7 = r1; r6 = 0
        top: ; {next_turn}
        r1 = *(u8 *)(r7 + 0); r6 += r1; goto top
        out: ; if r6 {{test}} goto end; call f
        end: ; exit
    """
    iterator = {"bpf_iter_num_next": SURE} if "iter" in next_turn else {}
    assert live(assemble(text.format(test="== 0")), exact=True) == {"f": SURE, **iterator}
    assert live(assemble(text.format(test="!= 0")), exact=True) == {"f": SURE, **iterator}


def test_bounds_that_grow_on_the_stack_are_doubted_after_many_turns() -> None:
    text = """
        main: program; r7 = r1; r8 = *(u8 *)(r7 + 0); *(u64 *)(r10 - 16) = 0; r9 = 0
        if r8 == 0 goto top; r9 = 1
        top: ; may_goto out; r1 = *(u8 *)(r7 + 0)
        r6 = *(u64 *)(r10 - 16); r6 += r1; *(u64 *)(r10 - 16) = r6; goto top
        out: ; if r9 == 0 goto end; if r8 == 0 goto dead
        r6 = *(u64 *)(r10 - 16); if r6 == 0 goto end; call f
        end: ; exit
        dead: ; call g; exit
    """
    assert live(assemble(text), exact=True) == {"f": SURE}  # each way by itself: the walk ends


def test_constants_on_the_stack_are_kept_in_a_loop_of_any_length() -> None:
    text = """
        main: program; *(u64 *)(r10 - 8) = 0
        top: ; may_goto out; *(u64 *)(r10 - 8) = 1; goto top
        out: ; r6 = *(u64 *)(r10 - 8); if r6 != 2 goto end; call f
        end: ; exit
    """
    assert live(assemble(text), exact=True) == {}


def test_once_every_slot_counts_the_walk_begins_anew_at_once() -> None:
    text = f"""
        main: program; r2 = r10; r2 += -8; r3 = *(u64 *)(r2 + 0); r6 = 0
        again: ; {"r5 = 0; " * 14} r6 += 1
        if r6 < 4000 goto again
        if r6 == 4000 goto end
        call f
        end: ; exit
    """
    assert live(assemble(text), exact=True) == {}  # walked twice, it takes more steps than it may


def test_constants_set_in_an_iterator_are_kept() -> None:
    text = """
        main: program; r6 = 0
        top: ; call bpf_iter_num_next; if r0 == 0 goto out; r6 = 1; goto top
        out: ; if r6 != 2 goto end; call f
        end: ; exit
    """
    assert live(assemble(text), exact=True) == {"bpf_iter_num_next": SURE}


def test_a_loop_too_long_to_follow_is_taken_to_end() -> None:
    text = "main: program; r6 = 0; again: ; r6 += 1; if r6 != 0 goto again; call f; exit"
    assert live(assemble(text), exact=True) == {"f": SURE}


def test_a_walk_out_of_steps_takes_every_call_for_possible() -> None:
    text = "main: program; r1 = 0; if r1 == 0 goto end; call f; end: ; call sub; exit\n"
    text += "sub: global; call g; exit"
    reach = Walked(assemble(text)).reach(steps=1)
    assert not reach.complete
    assert {call.sure for call in reach.calls} == {False}
    assert len(reach.calls) == 2


def test_recursion_is_given_up() -> None:
    text = "main: program; call sub; exit\nsub: static; call f; call sub; exit"
    assert live(assemble(text)) == {"f": SURE}


def test_may_goto_goes_both_ways() -> None:
    text = "main: program; may_goto end; call f; end: ; call g; exit"
    assert live(assemble(text)) == {"f": SURE, "g": SURE}
