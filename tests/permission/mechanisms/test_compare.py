"""The mechanisms against each other on the hand-worked toy kernel."""

from dataclasses import replace

from kfmap.kernel.facts import Constant, Guard, KernelFacts, OpMask, Place, RunTime
from kfmap.permission.contexts import build_member_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.compare import (
    Comparison,
    build_mechanisms,
    compare_mechanisms,
)
from kfmap.permission.mechanisms.handover import (
    Change,
    compare_handover,
    describe_handover,
)
from kfmap.permission.mechanisms.mechanism import AT_LOAD, AT_RUN_TIME, NEVER
from kfmap.permission.mechanisms.subsystem import find_foreign_kfuncs, find_own_kfuncs
from tests.permission.small_kernel import create_toy_kernel

PLACE = Place("kernel/run.c", 5)


def create_masked_kernel() -> KernelFacts:
    """Make the toy with run-time masks instead of its filter."""
    facts = create_toy_kernel()
    run_time = RunTime(
        bits=(Constant("UNLOCKED", 0), Constant("DISPATCH", 1), Constant("ENQUEUE", 2)),
        ops=(
            OpMask("toy_ops", "select_cpu", 2, (PLACE,)),
            OpMask("toy_ops", "enqueue", 2, (PLACE,)),
            OpMask("toy_ops", "dispatch", 1, (PLACE,)),
            OpMask("toy_ops", "running", 4, (PLACE,)),
            OpMask("toy_ops", "init", 0, (PLACE,)),
        ),
        guards=(
            Guard("toy_insert", 3, False, (("toy_insert", PLACE),)),
            Guard("toy_move", 1, True, (("toy_move", PLACE),)),
        ),
        boundary_bits=("DISPATCH",),
        place=PLACE,
    )
    registrations = tuple(replace(item, filter="") for item in facts.registrations)
    return replace(facts, registrations=registrations, filters=(), run_time=run_time)


def by_title(facts: KernelFacts) -> dict[str, Comparison]:
    decider = Decider(facts)
    contexts = build_member_contexts(facts, "toy_ops")
    return {item.title: item for item in compare_mechanisms(decider, contexts)}


def test_compare_counts_what_each_gets_wrong() -> None:
    rows = by_title(create_toy_kernel())
    # 5 members: toy_insert is refused in 3, toy_move in 4
    wrong = {title: (row.over_permits, row.over_refuses) for title, row in rows.items()}
    assert wrong == {
        "Program type only": (7, 0),
        "Run-time masks": (0, 0),
        "Capabilities, all of a kfunc's bits": (0, 0),
        "Capabilities, any of a kfunc's bits": (0, 0),
        "Local decision": (0, 0),
        "Filter per set without context": (7, 0),
        "Filter with struct_ops context": (0, 0),
    }
    assert rows["Run-time masks"].late == 7
    assert len(rows["Program type only"].permit_examples) == 7


def test_compare_says_when_an_error_is_noticed() -> None:
    rows = by_title(create_toy_kernel())
    assert rows["Program type only"].costs.noticed == NEVER
    assert rows["Run-time masks"].costs.noticed == AT_RUN_TIME
    assert rows["Filter with struct_ops context"].costs.noticed == AT_LOAD
    assert rows["Run-time masks"].costs.checked_calls == 2


def test_compare_takes_the_kernels_own_masks_for_its_meaning() -> None:
    rows = by_title(create_masked_kernel())
    # toy_insert fails in running and init; toy_move in select_cpu, enqueue and running
    assert rows["Program type only"].over_permits == 5
    assert rows["Run-time masks"].late == 5
    assert rows["Run-time masks"].costs.checked_calls == 2
    assert rows["Filter with struct_ops context"].over_permits == 0


def test_every_mechanism_explains_every_cell() -> None:
    decider = Decider(create_toy_kernel())
    contexts = build_member_contexts(decider.facts, "toy_ops")
    for mechanism in build_mechanisms(decider, contexts):
        for context in contexts:
            for kfunc in decider.kfuncs:
                assert mechanism.decide(context, kfunc).reasons
        assert mechanism.costs().limits


def test_costs_say_whether_the_kernel_works_so_itself() -> None:
    toy, masked = by_title(create_toy_kernel()), by_title(create_masked_kernel())
    context, masks = "Filter with struct_ops context", "Run-time masks"
    assert "this kernel decides so itself in toy_filter" in toy[context].costs.limits
    assert "no filter of this kernel looks at struct_ops" in masked[context].costs.limits
    assert any(limit.startswith("this kernel has none") for limit in toy[masks].costs.limits)
    assert "the masks are this kernel's own" in masked[masks].costs.limits


def test_run_time_masks_load_and_fail_later() -> None:
    decider = Decider(create_masked_kernel())
    contexts = build_member_contexts(decider.facts, "toy_ops")
    masks = build_mechanisms(decider, contexts)[1]
    running = next(context for context in contexts if context.member == "running")
    verdict = masks.decide(running, "toy_move")
    assert (verdict.verdict, verdict.run_time) == ("allowed", "fails")


def test_own_and_foreign_kfuncs_go_by_the_folder_of_the_type() -> None:
    facts = create_toy_kernel()
    elsewhere = replace(facts.struct_ops[1], place=Place("net/other.c", 3))
    decider = Decider(replace(facts, struct_ops=(facts.struct_ops[0], elsewhere)))
    assert find_own_kfuncs(decider, "toy_ops") == {"toy_now", "toy_both", "toy_move", "toy_insert"}
    assert find_own_kfuncs(decider, "other_ops") == frozenset()
    assert set(find_foreign_kfuncs(decider, "other_ops")) == find_own_kfuncs(decider, "toy_ops")
    assert find_foreign_kfuncs(decider, "toy_ops") == {}


def test_handover_compares_masks_of_one_kernel_with_filters_of_another() -> None:
    older, newer = Decider(create_masked_kernel()), Decider(create_toy_kernel())
    handover = compare_handover(older, newer, "toy_ops")
    assert handover.cells == 5 * 4
    assert set(handover.changes) == {
        Change("select_cpu", "toy_insert", True),
        Change("init", "toy_move", True),
    }
    assert handover.count_by_kfunc() == {"toy_insert": 1, "toy_move": 1}
    assert "passed, now refused: toy_move in init" in describe_handover(handover)
    assert compare_handover(newer, older, "toy_ops").cells == 0
