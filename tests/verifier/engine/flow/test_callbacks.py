"""Callbacks and regions: what is entered, whether it may sleep, in which regions calls stand."""

from __future__ import annotations

import pytest

from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.flow.walking import SURE, Walked, live
from verifier.engine.flow.reach import Circumstances, InTree, Later, LiveCall
from verifier.engine.object.model import BpfObject


def _call(obj: BpfObject, name: str, sleepable: bool = False) -> LiveCall:
    reach = Walked(obj).reach(sleepable=sleepable)
    return next(call for call in reach.calls if obj.externs[call.extern].name == name)


@pytest.mark.parametrize("helper", [164, 181, 209])
def test_callbacks_of_helpers_are_entered(helper: int) -> None:
    text = f"main: program; r2 = &back; call {helper}; exit\nback: static; call f; exit"
    assert live(assemble(text)) == {"f": SURE}


def test_a_callback_gets_what_the_call_gives_it() -> None:
    text = """
        main: program; r1 = 3; r2 = &back; r3 = 0; r4 = 0; call 181; exit
        back: static; if r2 == 0 goto end; call f
        end: ; exit
    """
    assert live(assemble(text)) == {}


@pytest.mark.parametrize(
    "registers",
    ["r1 = 3; r2 = &back; r3 = r6; r4 = 0; call 181", "r2 = &back; r3 = r6; r4 = 0; call 164"],
)
def test_a_callback_may_write_to_the_stack_of_its_caller(registers: str) -> None:
    text = f"""
        main: program; r1 = 0; *(u64 *)(r10 - 8) = r1; r6 = r10; r6 += -8; {registers}
        r1 = *(u64 *)(r10 - 8); if r1 == 0 goto end; call f
        end: ; exit
        back: static; r1 = 1; *(u64 *)(r2 + 0) = r1; r0 = 0; exit
    """
    assert "f" in live(assemble(text))


def test_a_timer_callback_never_sleeps() -> None:
    text = "main: program; r2 = &back; call 170; exit\nback: static; call f; exit"
    call = _call(assemble(text), "f", sleepable=True)
    assert call.circumstances == Circumstances(False, Later.TIMER)


def test_a_workqueue_callback_always_may() -> None:
    text = "main: program; r2 = &back; call bpf_wq_set_callback; exit\nback: static; call f; exit"
    assert _call(assemble(text), "f").circumstances == Circumstances(True, Later.WORK)


def test_other_callbacks_are_run_as_their_program_is() -> None:
    text = "main: program; r3 = &back; call bpf_rbtree_add; exit\nback: static; call f; exit"
    expected = Circumstances(True, nested=True, in_tree=InTree.CALLBACK)
    assert _call(assemble(text), "f", sleepable=True).circumstances == expected


_KEPT = "r2 = &back; *(u64 *)(r10 - 8) = r2"
_RUN = "r1 = 3; r3 = 0; r4 = 0; call 181"


@pytest.mark.parametrize(
    ("body", "other"),
    [
        (f"{_KEPT}; r1 = r10; r1 += -8; call other", f"r2 = *(u64 *)(r1 + 0); {_RUN}"),
        (f"r1 = r10; r1 += -8; call other; r2 = *(u64 *)(r10 - 8); {_RUN}", "{}"),
        (f"call other; r2 = r0; {_RUN}", "r0 = &back; if r6 == 0 goto end; r0 = 0; end:"),
        (f"r2 = &back; r6 = *(u32 *)(r1 + 0); if r6 == 0 goto go; r2 = 0; go: ; {_RUN}", "r0 = 0"),
    ],
)
def test_a_function_whose_address_goes_elsewhere_may_be_called(body: str, other: str) -> None:
    other = other.format("r2 = &back; *(u64 *)(r1 + 0) = r2")
    text = f"""
        main: program; {body}; r0 = 0; exit
        other: static; {other}; exit
        back: static; call f; exit
    """
    call = _call(assemble(text), "f")
    assert not call.sure
    assert call.circumstances.later == "unknown"


@pytest.mark.parametrize(
    "body",
    [
        _KEPT,
        f"{_KEPT}; r2 = &fine; *(u64 *)(r10 - 8) = r2; r2 = *(u64 *)(r10 - 8); {_RUN}",
        f"r2 = &back; r2 = &fine; {_RUN}",
    ],
)
def test_a_function_whose_address_is_overwritten_is_not_called(body: str) -> None:
    """Booted kernels from 6.1 to 7.3 load it, though `f` is a call that they lack."""
    text = f"""
        main: program; {body}; r0 = 0; exit
        fine: static; r0 = 0; exit
        back: static; call f; exit
    """
    assert live(assemble(text)) == {}


def test_a_callback_passed_through_a_static_function_is_entered() -> None:
    text = """
        main: program; r1 = &back; call each; exit
        each: static; r2 = r1; r1 = 3; call 181; exit
        back: static; call f; exit
    """
    assert live(assemble(text)) == {"f": SURE}


def test_the_path_names_every_function_on_the_way() -> None:
    text = """
        main: program; call one; exit
        one: global; r2 = &two; call 170; exit
        two: static; call f; exit
    """
    obj = assemble(text)
    path = _call(obj, "f").node.path()
    assert [obj.functions[function].name for function, _ in path] == ["main", "one", "two"]
    assert [slot for _, slot in path] == [0, 4, None]


def test_calls_between_lock_and_unlock_are_in_the_region() -> None:
    text = """
        main: program
        call before; call bpf_rcu_read_lock; call within; call bpf_rcu_read_unlock; call after
        exit
    """
    obj = assemble(text)
    depths = {name: _call(obj, name).regions.depths() for name in ("before", "within", "after")}
    assert depths == {"before": (0, 0, 0, 0), "within": (1, 0, 0, 0), "after": (0, 0, 0, 0)}


def test_a_region_reaches_static_functions_and_ends_where_they_end_it() -> None:
    text = """
        main: program; call bpf_preempt_disable; call sub; call after; exit
        sub: static; call within; call bpf_preempt_enable; exit
    """
    obj = assemble(text)
    assert _call(obj, "within").regions.depths() == (0, 1, 0, 0)
    assert _call(obj, "after").regions.depths() == (0, 0, 0, 0)


def test_a_region_left_on_one_way_only_is_told_apart() -> None:
    text = """
        main: program; r6 = *(u32 *)(r1 + 0); call bpf_rcu_read_lock
        if r6 == 0 goto join; call bpf_rcu_read_unlock
        join: ; call f; exit
    """
    obj = assemble(text)
    calls = Walked(obj).reach().calls
    depths = {
        (call.regions.rcu, call.sure) for call in calls if obj.externs[call.extern].name == "f"
    }
    assert depths == {(0, True), (1, True)}


def test_a_lock_of_a_helper_is_a_region() -> None:
    obj = assemble("main: program; call 93; call f; call 94; call g; exit")
    assert _call(obj, "f").regions.depths() == (0, 0, 0, 1)
    assert _call(obj, "g").regions.depths() == (0, 0, 0, 0)


def test_a_global_function_called_in_a_region_may_not_sleep() -> None:
    text = """
        main: program; call bpf_rcu_read_lock; call sub; call bpf_rcu_read_unlock; exit
        sub: global; call f; exit
    """
    call = _call(assemble(text), "f", sleepable=True)
    assert call.circumstances.sleepable is False
    assert call.regions.depths() == (0, 0, 0, 0)


def test_nothing_follows_a_throw() -> None:
    assert live(assemble("main: program; call bpf_throw; call f; exit")) == {"bpf_throw": SURE}


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(
    ("call", "register"), [("call 181", 2), ("call 170", 2), ("call bpf_wq_set_callback", 2)]
)
def test_each_callback_that_may_be_chosen_is_entered(call: str, register: int, exact: bool) -> None:
    text = f"""
        main: program; r6 = *(u32 *)(r1 + 0); r{register} = &one; if r6 == 0 goto go
        r{register} = &two
        go: ; r1 = 3; {call}; exit
        one: static; call f; exit
        two: static; call g; exit
    """
    found = live(assemble(text), exact)
    assert {name: found.get(name) for name in "fg"} == dict.fromkeys(
        "fg", SURE if exact else "perhaps"
    )


def test_a_callback_kept_on_the_stack_is_entered() -> None:
    text = """
        main: program; r2 = &one; *(u64 *)(r10 - 8) = r2; r1 = 3; r2 = *(u64 *)(r10 - 8)
        call 181; exit
        one: static; call f; exit
    """
    assert live(assemble(text)) == {"f": SURE}


def test_a_loop_of_no_turns_runs_nothing() -> None:
    text = "main: program; r1 = 0; r2 = &back; call 181; exit\nback: static; call f; exit"
    assert live(assemble(text)) == {}


def test_what_a_callback_leaves_open_is_open_after_it() -> None:
    text = """
        main: program; r1 = 2; r2 = &back; call 181; call f; exit
        back: static; call bpf_rcu_read_lock; exit
    """
    obj = assemble(text)
    reach = Walked(obj).reach(exact=True)
    depths = [call.regions.rcu for call in reach.calls if obj.externs[call.extern].name == "f"]
    assert sorted(depths) == [0, 1, 2]


def test_a_resilient_lock_is_held_where_it_was_taken() -> None:
    text = """
        main: program; call bpf_res_spin_lock; if r0 != 0 goto failed
        call within; call bpf_res_spin_unlock; exit
        failed: ; call without; exit
    """
    obj = assemble(text)
    reach = Walked(obj).reach(exact=True)
    depths = {obj.externs[call.extern].name: call.regions.depths()[3] for call in reach.calls}
    assert depths["within"] == 1
    assert depths["without"] == 0


def test_helpers_are_live_or_dead_like_functions() -> None:
    text = "main: program; r6 = 1; if r6 == 1 goto end; call 5; end: ; call 14; exit"
    assert [helper.number for helper in Walked(assemble(text)).reach().helpers] == [14]


def test_the_end_of_a_program_within_a_region_is_noted() -> None:
    text = "main: program; call bpf_rcu_read_lock; r0 = 0; exit"
    [leak] = Walked(assemble(text)).reach().leaks
    assert (leak.kind, leak.slot, leak.sure, leak.regions.rcu) == ("exit", 2, True, 1)
