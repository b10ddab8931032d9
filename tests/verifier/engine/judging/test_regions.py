"""What is held where a kfunc is called: RCU or locks that some need, and that few may run under."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.kernel.facts import Constant, KernelFacts
from tests.verifier.engine.judging.toy import changed_kfunc, check, kernel_facts, only_finding
from verifier.engine.result import PASSES, REFUSED

_GUARDED = {"bpf_guarded": ("KF_RCU_PROTECTED",)}
_LOCKS = ("bpf_rcu_read_lock", "bpf_rcu_read_unlock")


def _word(text: str, facts: KernelFacts, member: str, sleeps: bool) -> str:
    sleepable = ("main",) if sleeps else ()
    verdict = check(text, {"main": member}, facts, sleepable=sleepable)["main"]
    if verdict.verdict == REFUSED:
        assert only_finding(verdict).kind == "region"
    return verdict.verdict


@pytest.mark.parametrize(("member", "sleeps"), [("init", True), ("running", False)])
def test_a_program_that_may_sleep_has_to_hold_rcu(member: str, sleeps: bool) -> None:
    facts = kernel_facts("bpf_guarded", *_LOCKS, flags=_GUARDED)
    bare = "main: program; call bpf_guarded; exit"
    held = "main: program; call bpf_rcu_read_lock; call bpf_guarded; call bpf_rcu_read_unlock; exit"
    assert _word(bare, facts, member, sleeps) == (REFUSED if sleeps else PASSES)
    assert _word(held, facts, member, sleeps) == PASSES


def test_a_flag_that_is_not_there_asks_for_nothing() -> None:
    facts = kernel_facts("bpf_guarded")
    assert _word("main: program; call bpf_guarded; exit", facts, "init", True) == PASSES


@pytest.mark.parametrize(
    ("has_flag", "kfunc", "expected"),
    [
        (False, "bpf_other", REFUSED),
        (False, "bpf_list_push_back", PASSES),
        (True, "bpf_list_push_back", REFUSED),
        (True, "bpf_flagged", PASSES),
    ],
)
def test_few_may_be_called_under_a_spin_lock(has_flag: bool, kfunc: str, expected: str) -> None:
    facts = kernel_facts(kfunc, flags={"bpf_flagged": ("KF_SPINLOCK_SAFE",)})
    if has_flag:
        facts = replace(facts, kfunc_flags=(Constant("KF_SPINLOCK_SAFE", 1 << 16),))
    under = f"main: program; call 93; call {kfunc}; call 94; exit"
    after = f"main: program; call 93; call 94; call {kfunc}; exit"
    assert _word(under, facts, "running", False) == expected
    assert _word(after, facts, "running", False) == PASSES


@pytest.mark.parametrize(("member", "sleeps"), [("init", True), ("running", False)])
def test_tasks_of_a_cgroup_are_for_programs_that_may_sleep(member: str, sleeps: bool) -> None:
    facts = kernel_facts("bpf_iter_css_task_new")
    text = "main: program; call bpf_iter_css_task_new; exit"
    assert _word(text, facts, member, sleeps) == (PASSES if sleeps else REFUSED)


@pytest.mark.parametrize("head", ["struct bpf_list_head *head", "struct bpf_rb_root *root"])
def test_lists_and_trees_are_for_those_who_hold_their_lock(head: str) -> None:
    facts = kernel_facts("bpf_list_pop_front", "bpf_list_node", "bpf_res_spin_lock")
    facts = changed_kfunc(
        facts, "bpf_list_pop_front", prototype=f"void *bpf_list_pop_front({head})"
    )
    bare = "main: program; call bpf_list_pop_front; exit"
    held = "main: program; call 93; call bpf_list_pop_front; call 94; exit"
    perhaps = "main: program; call bpf_res_spin_lock; call bpf_list_pop_front; exit"
    other = "main: program; call bpf_list_node; exit"
    assert _word(bare, facts, "running", False) == REFUSED
    assert _word(held, facts, "running", False) == PASSES
    assert _word(other, facts, "running", False) == PASSES
    assert _word(perhaps, facts, "running", False) == PASSES


@pytest.mark.parametrize(
    ("text", "newer", "expected"),
    [
        ("main: program; call bpf_throw; exit", False, PASSES),
        ("main: program; call bpf_rcu_read_lock; call bpf_throw; exit", False, REFUSED),
        ("main: program; call bpf_rcu_read_lock; call f; exit", False, PASSES),
        ("main: program; call bpf_rcu_read_lock; call f; exit", True, REFUSED),
        ("main: program; call f; exit", True, PASSES),
        ("main: program; r2 = &f; r1 = 3; call 181; exit", False, REFUSED),
        ("main: program; r2 = &g; r1 = 3; call 181; exit", False, REFUSED),
        ("main: program; r2 = &f; call 170; exit", False, REFUSED),
    ],
)
def test_an_exception_leaves_no_region_and_no_callback(
    text: str, newer: bool, expected: str
) -> None:
    names = ("bpf_throw", *_LOCKS, *(("bpf_local_irq_save",) if newer else ()))
    text += "\nf: static; call bpf_throw; exit\ng: static; call f; exit"
    assert _word(text, kernel_facts(*names), "running", False) == expected
