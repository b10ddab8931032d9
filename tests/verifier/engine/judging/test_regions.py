"""What is held where a kfunc is called: RCU or locks that some need, and that few may run under."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.kernel.facts import Constant, KernelFacts
from tests.verifier.engine.judging.toy import (
    behaving,
    changed_kfunc,
    check,
    kernel_facts,
    only_finding,
)
from verifier.engine.result import PASSES, REFUSED, UNKNOWN

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
    flags = {"bpf_flagged": ("KF_SPINLOCK_SAFE",)}
    facts = kernel_facts(kfunc, flags=flags, lock_safe=("bpf_list_push_back",))
    if has_flag:
        facts = replace(facts, kfunc_flags=(Constant("KF_SPINLOCK_SAFE", 1 << 16),))
    under = f"main: program; call 93; call {kfunc}; call 94; exit"
    after = f"main: program; call 93; call 94; call {kfunc}; exit"
    assert _word(under, facts, "running", False) == expected
    assert _word(after, facts, "running", False) == PASSES


def test_what_a_kernel_lets_be_called_under_a_lock_may_not_be_known() -> None:
    facts = kernel_facts("bpf_other", lock_safe=None)
    verdict = check("main: program; call 93; call bpf_other; call 94; exit", facts=facts)["main"]
    assert (verdict.verdict, only_finding(verdict).kfunc) == (UNKNOWN, "bpf_other")


@pytest.mark.parametrize(("member", "sleeps"), [("init", True), ("running", False)])
def test_tasks_of_a_cgroup_are_for_programs_that_may_sleep(member: str, sleeps: bool) -> None:
    facts = kernel_facts("bpf_iter_css_task_new")
    text = "main: program; call bpf_iter_css_task_new; exit"
    assert _word(text, facts, member, sleeps) == (PASSES if sleeps else REFUSED)


@pytest.mark.parametrize("head", ["struct bpf_list_head *head", "struct bpf_rb_root *root"])
def test_lists_and_trees_are_for_those_who_hold_their_lock(head: str) -> None:
    names = ("bpf_list_pop_front", "bpf_list_node", "bpf_res_spin_lock", "bpf_res_spin_unlock")
    facts = kernel_facts(*names, lock_safe=names)
    facts = changed_kfunc(
        facts, "bpf_list_pop_front", prototype=f"void *bpf_list_pop_front({head})"
    )
    bare = "main: program; call bpf_list_pop_front; exit"
    held = "main: program; call 93; call bpf_list_pop_front; call 94; exit"
    taken = """
        main: program; call bpf_res_spin_lock; if r0 != 0 goto end
        call bpf_list_pop_front; call bpf_res_spin_unlock
        end: ; exit
    """
    perhaps = """
        main: program; call bpf_res_spin_lock; if r0 == 0 goto held; exit
        held: ; call bpf_res_spin_unlock; call bpf_list_pop_front; exit
    """
    other = "main: program; call bpf_list_node; exit"
    assert _word(bare, facts, "running", False) == REFUSED
    assert _word(held, facts, "running", False) == PASSES
    assert _word(other, facts, "running", False) == PASSES
    assert _word(taken, facts, "running", False) == PASSES
    assert _word(perhaps, facts, "running", False) == REFUSED


@pytest.mark.parametrize("call", ["bpf_list_pop_front", "bpf_rbtree_first", "bpf_rbtree_add_impl"])
@pytest.mark.parametrize(
    ("lock", "root", "expected"),
    [
        ("r1 = &.data", "r1 = &.data + 8", PASSES),
        ("r1 = &.rodata", "r1 = &.data + 8", REFUSED),
        ("r1 = *(u64 *)(r1 + 0)", "r1 = &.data + 8", PASSES),  # which one is held is not known
        ("r1 = &.data", "r1 = *(u64 *)(r10 - 8)", PASSES),
    ],
)
def test_a_list_or_tree_is_guarded_by_the_lock_beside_it(
    call: str, lock: str, root: str, expected: str
) -> None:
    """Held lock and object are not in the same allocation."""
    facts = kernel_facts(call, lock_safe=(call,))
    text = f"main: program; {lock}; call 93; {root}; call {call}; {lock}; call 94; exit"
    if lock == "r1 = *(u64 *)(r1 + 0)":
        text = f"main: program; {lock}; call 93; {root}; call {call}; call 94; exit"
    assert _word(text, facts, "running", False) == expected


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
        ("main: program; r2 = &dead; r1 = 3; call 181; exit", False, REFUSED),
        ("main: program; r2 = &f; call 170; exit", False, REFUSED),
    ],
)
def test_an_exception_leaves_no_region_and_no_callback(
    text: str, newer: bool, expected: str
) -> None:
    """In a static function only kernels with `exception_exit ||` ask what its callers hold."""
    facts = behaving(kernel_facts("bpf_throw", *_LOCKS), throw_checks_callers=newer)
    text += """
        f: static; call bpf_throw; exit
        g: static; call f; exit
        dead: static; r1 = 0; if r1 == 0 goto end; call bpf_throw
        end: ; exit
    """
    assert _word(text, facts, "running", False) == expected


@pytest.mark.parametrize(("newer", "expected"), [(True, REFUSED), (False, PASSES)])
def test_a_global_function_that_may_throw_leaves_no_region(newer: bool, expected: str) -> None:
    facts = behaving(kernel_facts("bpf_throw", *_LOCKS), globals_throw=newer)
    text = """
        main: program; call bpf_rcu_read_lock; call f; call bpf_rcu_read_unlock; exit
        f: global; call bpf_throw; exit
    """
    assert _word(text, facts, "running", False) == expected
    alone = "main: program; call f; exit\nf: global; call bpf_throw; exit"
    assert _word(alone, facts, "running", False) == PASSES


_PAIRS = [
    ("call bpf_rcu_read_lock", "call bpf_rcu_read_unlock", "rcu_read_lock"),
    ("call bpf_preempt_disable", "call bpf_preempt_enable", "non-preemptible"),
    (
        "r1 = r10; r1 += -8; call bpf_local_irq_save",
        "r1 = r10; r1 += -8; call bpf_local_irq_restore",
        "IRQ-disabled",
    ),
    ("call 93", "call 94", "lock"),
]
_ALL = (
    *_LOCKS,
    *("bpf_preempt_disable", "bpf_preempt_enable"),
    *("bpf_local_irq_save", "bpf_local_irq_restore"),
)


@pytest.mark.parametrize(("begin", "end", "name"), _PAIRS)
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("main: program; {begin}; {end}; exit", ""),
        ("main: program; {begin}; exit", "the program ends within {article} {name} region"),
        ("main: program; {end}; exit", "ends a region that is not open"),
        ("main: program; {begin}; {end}; {end}; exit", "ends a region that is not open"),
        ("main: program; {begin}; call s; exit\ns: static; {end}; exit", "{irq}"),
        ("main: program; call g; exit\ng: global; {begin}; exit", "the program ends within a"),
        ("main: program; r2 = &c; call 170; exit\nc: static; {begin}; exit", "the program ends"),
        ("main: program; {begin}; call g; {end}; exit\ng: global; exit", "{global}"),
    ],
)
def test_what_is_begun_has_to_be_ended(
    begin: str, end: str, name: str, text: str, says: str
) -> None:
    facts = kernel_facts(*_ALL)
    verdict = check(text.format(begin=begin, end=end), facts=facts)["main"]
    # A flag kept in a frame that is gone cannot be restored; no global runs under a lock.
    says = says.format(
        name=name,
        article="a" if name[0] in "nl" else "an",
        irq="ends a region that is not open" if name.startswith("IRQ") else "",
        **{"global": "global function g is called within a lock region" if name == "lock" else ""},
    )
    if not says:
        assert (verdict.verdict, verdict.findings) == (PASSES, ())
        return
    assert verdict.verdict == REFUSED
    assert any(says in item.reasons[0].text for item in verdict.findings)
    assert {item.kind for item in verdict.findings} == {"region"}


def test_what_is_begun_and_ended_under_one_condition_is_fine() -> None:
    text = """
        main: program; r6 = *(u32 *)(r1 + 0); if r6 == 0 goto first; call bpf_rcu_read_lock
        first: ; call bpf_common; if r6 == 0 goto second; call bpf_rcu_read_unlock
        second: ; exit
    """
    assert check(text, facts=kernel_facts(*_LOCKS))["main"].verdict == PASSES


def test_a_region_open_on_some_way_only_is_open() -> None:
    text = """
        main: program; r6 = *(u32 *)(r1 + 0); call bpf_rcu_read_lock; if r6 == 0 goto end
        call bpf_rcu_read_unlock
        end: ; exit
    """
    assert check(text, facts=kernel_facts(*_LOCKS))["main"].verdict == REFUSED


def test_a_flag_that_a_caller_keeps_is_restored_in_its_function() -> None:
    text = """
        main: program; r1 = r10; r1 += -8; call save; r1 = r10; r1 += -8; call restore; exit
        save: static; call bpf_local_irq_save; exit
        restore: static; call bpf_local_irq_restore; exit
    """
    assert check(text, facts=kernel_facts(*_ALL))["main"].verdict == PASSES


@pytest.mark.parametrize(("first", "second", "expected"), [(16, 8, PASSES), (8, 16, REFUSED)])
def test_irq_flags_are_restored_last_in_first_out(first: int, second: int, expected: str) -> None:
    text = f"""
        main: program; r1 = r10; r1 += -8; call bpf_local_irq_save
        r1 = r10; r1 += -16; call bpf_local_irq_save
        r1 = r10; r1 += -{first}; call bpf_local_irq_restore
        r1 = r10; r1 += -{second}; call bpf_local_irq_restore; exit
    """
    verdict = check(text, facts=kernel_facts(*_ALL))["main"]
    assert verdict.verdict == expected
    if expected == REFUSED:
        assert "an earlier one" in only_finding(verdict).reasons[0].text


def test_a_flag_of_a_lock_is_not_restored_as_one_of_irqs() -> None:
    text = """
        main: program; r2 = r10; r2 += -8; call bpf_res_spin_lock_irqsave; if r0 != 0 goto end
        r1 = r10; r1 += -8; call bpf_local_irq_restore
        end: ; exit
    """
    names = ("bpf_res_spin_lock_irqsave", *_ALL)
    verdict = check(text, facts=kernel_facts(*names, lock_safe=names))["main"]
    assert any("other kind of call" in item.reasons[0].text for item in verdict.findings)


def test_rcu_sections_nest_on_newer_kernels_only() -> None:
    lock, unlock = "call bpf_rcu_read_lock", "call bpf_rcu_read_unlock"
    text = f"main: program; {lock}; {lock}; {unlock}; {unlock}; exit"
    newer = kernel_facts(*_LOCKS)
    assert check(text, facts=newer)["main"].verdict == PASSES
    older = check(text, facts=behaving(newer, rcu_nests=False))["main"]
    assert "does not nest" in only_finding(older).reasons[0].text


@pytest.mark.parametrize(("begin", "end", "name"), _PAIRS)
def test_no_tail_call_leaves_a_region(begin: str, end: str, name: str) -> None:
    text = f"main: program; {begin}; call 12; {end}; exit"
    verdict = check(text, facts=kernel_facts(*_ALL))["main"]
    assert verdict.verdict == REFUSED
    assert "bpf_tail_call may not be called w" in only_finding(verdict).reasons[0].text
    assert name in only_finding(verdict).reasons[0].text


@pytest.mark.parametrize(
    ("call", "expected"), [("call 5", REFUSED), ("call 194", REFUSED), ("call s", PASSES)]
)
def test_helpers_and_functions_under_a_lock(call: str, expected: str) -> None:
    text = f"main: program; call 93; {call}; call 94; exit\ns: static; exit"
    facts = kernel_facts()
    assert check(text, facts=facts)["main"].verdict == expected
    exchange = {"helper_under_lock:kptr_xchg": True}
    assert check(text, facts=behaving(facts, **exchange))["main"].verdict == (
        PASSES if call == "call 194" else expected
    )
    none = check(text, facts=behaving(facts, static_calls_under_lock=False))["main"]
    assert none.verdict == REFUSED


def test_an_iterator_over_what_rcu_protects_ends_with_its_section() -> None:
    lock, unlock = "call bpf_rcu_read_lock", "call bpf_rcu_read_unlock"
    text = f"""
        main: program; {lock}; r1 = r10; r1 += -8; call bpf_iter_task_new; {{between}}
        r1 = r10; r1 += -8; call bpf_iter_task_next; {{after}}
        r1 = r10; r1 += -8; call bpf_iter_task_destroy; {{end}}; exit
    """
    names = [f"bpf_iter_task_{word}" for word in ("new", "next", "destroy")]
    facts = kernel_facts(*names, *_LOCKS, flags={names[0]: ("KF_RCU_PROTECTED",)})
    whole = text.format(between="r0 = 0", after="r0 = 0", end=unlock)
    kept = text.format(between="r0 = 0", after=unlock, end="r0 = 0")
    ended = text.format(between=unlock, after="r0 = 0", end="r0 = 0")
    again = text.format(between=f"{unlock}; {lock}", after=unlock, end="r0 = 0")
    for body, sleeps, older, expected in (
        (whole, True, False, PASSES),
        (kept, True, False, REFUSED),  # the end asks as well, seen on 6.18 and 7.2
        (ended, True, False, REFUSED),
        (again, True, False, REFUSED),
        (ended, False, False, PASSES),  # under RCU all the time
        (ended, False, True, REFUSED),  # older kernels do not ask
    ):
        kernel = behaving(facts, rcu_end_asks_all=not older)
        assert _word(body, kernel, "init" if sleeps else "running", sleeps) == expected


def test_before_every_kfunc_was_asked_for_rcu_iterators_were() -> None:
    flags = {"bpf_guarded": ("KF_RCU_PROTECTED",), "bpf_iter_task_new": ("KF_RCU_PROTECTED",)}
    facts = behaving(kernel_facts(*flags, flags=flags), rcu_required=False)
    for kfunc, expected in (("bpf_guarded", PASSES), ("bpf_iter_task_new", REFUSED)):
        assert _word(f"main: program; call {kfunc}; exit", facts, "init", True) == expected


@pytest.mark.parametrize("call", ["bpf_rbtree_remove", "bpf_rcu_read_unlock", "94"])
@pytest.mark.parametrize(("below", "reaches"), [(False, False), (True, False), (True, True)])
def test_a_callback_that_orders_a_tree_changes_nothing(
    call: str, below: bool, reaches: bool
) -> None:
    text = f"""
        main: program; call 93; r3 = &less; call bpf_rbtree_add; call 94; exit
        less: static; {"call deep" if below else f"call {call}"}; exit
        deep: static; call {call}; exit
    """
    names = ("bpf_rbtree_add", "bpf_rbtree_remove", *_LOCKS)
    facts = behaving(kernel_facts(*names, lock_safe=names), tree_callback_reaches=reaches)
    verdict = check(text, facts=facts)["main"]
    texts = [item.reasons[0].text for item in verdict.findings]
    told = any("in the callback that orders an rbtree" in text for text in texts)
    assert told == (not below or reaches)


@pytest.mark.parametrize(("newer", "expected"), [(False, PASSES), (True, REFUSED)])
def test_older_kernels_let_a_callback_of_a_tree_take_a_resilient_lock(
    newer: bool, expected: str
) -> None:
    """Refused since 7.2: "can't res_spin_{lock,unlock} in rbtree cb"; 6.18 loads it."""
    text = """
        main: program; call 93; r3 = &less; call bpf_rbtree_add; call 94; exit
        less: static; call bpf_res_spin_lock; if r0 != 0 goto end; call bpf_res_spin_unlock
        end: ; exit
    """
    names = ("bpf_rbtree_add", "bpf_res_spin_lock", "bpf_res_spin_unlock")
    facts = behaving(kernel_facts(*names, lock_safe=names), tree_callback_reaches=newer)
    assert check(text, facts=facts)["main"].verdict == expected


@pytest.mark.parametrize("call", ["call 181", "call 170", "call bpf_wq_set_callback"])
def test_no_callback_calls_another_program(call: str) -> None:
    text = f"""
        main: program; r1 = 3; r2 = &back; {call}; exit
        back: static; call deep; exit
        deep: static; r1 = 0; if r1 == 0 goto end; call 12
        end: ; exit
    """
    facts = kernel_facts("bpf_wq_set_callback")
    for holds, expected in ((True, REFUSED), (False, PASSES)):
        kernel = behaving(facts, callbacks_never_tail_call=holds)
        assert check(text, facts=kernel)["main"].verdict == expected


def test_what_the_compiler_put_where_nothing_may_come_is_refused() -> None:
    facts = kernel_facts("__bpf_trap")
    assert check("main: program; call __bpf_trap; exit", facts=facts)["main"].verdict == REFUSED
    dead = "main: program; r1 = 0; if r1 == 0 goto end; call __bpf_trap; end: ; exit"
    assert check(dead, facts=facts)["main"].verdict == PASSES
