"""What live calls come to: permission, absence, sleeping, masks, dead code."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.kernel.facts import Constant, Guard, OpMask, Place, RunTime
from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.judging.toy import (
    behaving,
    changed_kfunc,
    check,
    kernel_facts,
    only_finding,
    strong,
)
from verifier.engine.result import FAILS_AT_RUN_TIME, PASSES, REFUSED, UNKNOWN
from verifier.engine.verdict import KernelUnderTest, check_object

_SLEEPS = {"bpf_sleeps": ("KF_SLEEPABLE",)}


def test_an_allowed_call_passes() -> None:
    verdict = check("main: program; call toy_move; exit", {"main": "dispatch"})["main"]
    assert verdict.verdict == PASSES
    assert verdict.findings == ()
    assert verdict.live_kfuncs == verdict.all_kfuncs == ("toy_move",)


def test_a_call_in_the_wrong_member_is_refused_with_path_and_advice() -> None:
    text = "main: program; r1 = 0; call sub; exit\nsub: global; call toy_move; exit"
    verdict = check(text, {"main": "running"})["main"]
    assert verdict.verdict == REFUSED
    finding = only_finding(verdict)
    assert (finding.kind, finding.kfunc, finding.instruction) == ("not_allowed", "toy_move", 3)
    assert [(step.function, step.instruction) for step in finding.path] == [("main", 1), ("sub", 3)]
    assert ("kernel/filter.c", 74) in {(reason.file, reason.line) for reason in finding.reasons}
    assert finding.legal_in == ("struct_ops:toy_ops.dispatch",)
    assert finding.suggestion == "call it from dispatch"
    assert any("toy_move" in line for line in finding.disassembly)


def test_the_same_function_may_pass_in_one_program_and_not_in_another() -> None:
    text = """
        good: program; call sub; exit
        bad: program; call sub; exit
        sub: global; call toy_move; exit
    """
    verdicts = check(text, {"good": "dispatch", "bad": "running"})
    assert verdicts["good"].verdict == PASSES
    assert verdicts["bad"].verdict == REFUSED


def test_dead_calls_are_told_and_change_nothing() -> None:
    text = "main: program; r1 = 0; if r1 == 0 goto end; call toy_move; end: ; exit"
    verdict = check(text, {"main": "running"})["main"]
    assert verdict.verdict == PASSES
    assert only_finding(verdict).kind == "dead"
    assert verdict.live_kfuncs == ()
    assert verdict.all_kfuncs == ("toy_move",)


def test_a_call_that_may_be_dead_is_unknown() -> None:
    text = """
        main: program
        *(u64 *)(r10 - 8) = 0; r1 = r10; r1 += -8; r2 = 8; call 113
        r2 = *(u64 *)(r10 - 8); if r2 == 0 goto end
        call toy_move
        end: ; exit
    """
    verdict = check(text, {"main": "running"})["main"]
    assert verdict.verdict == UNKNOWN
    assert only_finding(verdict).kind == "unknown"


def test_a_closer_look_settles_what_can_be_settled() -> None:
    text = """
        main: program
        r6 = 0; r7 = *(u32 *)(r1 + 0); if r7 == 0 goto join
        r6 = 1
        join: ; if r6 != {value} goto end
        call toy_move
        end: ; exit
    """
    assert check(text.format(value=1), {"main": "running"})["main"].verdict == REFUSED
    assert check(text.format(value=2), {"main": "running"})["main"].verdict == PASSES


def test_a_weak_kfunc_the_kernel_lacks_refuses_the_program_that_calls_it() -> None:
    text = "good: program; exit\nbad: program; call nope; exit"
    verdicts = check(text)
    assert verdicts["good"].verdict == PASSES
    assert verdicts["bad"].verdict == REFUSED
    finding = only_finding(verdicts["bad"])
    assert (finding.kind, finding.kfunc) == ("missing", "nope")
    assert "bpf_ksym_exists(nope)" in finding.suggestion


def test_a_strong_kfunc_the_kernel_lacks_refuses_the_whole_object_even_if_dead() -> None:
    text = """
        good: program; exit
        bad: program; r1 = 0; if r1 == 0 goto end; call nope; end: ; exit
    """
    verdicts = check(text, must_exist=("nope",))
    assert verdicts["good"].verdict == verdicts["bad"].verdict == REFUSED
    assert [finding.kind for finding in verdicts["good"].findings] == ["missing"]


def test_a_sleeping_kfunc_is_refused_where_the_program_may_not_sleep() -> None:
    text = "main: program; call bpf_sleeps; exit"
    facts = kernel_facts("bpf_sleeps", flags=_SLEEPS)
    assert only_finding(check(text, {"main": "running"}, facts)["main"]).kind == "not_sleepable"
    asleep = check(text, {"main": "init"}, facts, sleepable=("main",))["main"]
    assert asleep.verdict == PASSES


def test_a_sleeping_kfunc_is_refused_in_a_region() -> None:
    text = "main: program; call bpf_rcu_read_lock; call bpf_sleeps; call bpf_rcu_read_unlock; exit"
    facts = kernel_facts("bpf_sleeps", "bpf_rcu_read_lock", "bpf_rcu_read_unlock", flags=_SLEEPS)
    finding = only_finding(check(text, {"main": "init"}, facts, sleepable=("main",))["main"])
    assert (finding.kind, finding.kfunc) == ("not_sleepable", "bpf_sleeps")
    assert "rcu_read_lock" in finding.reasons[0].text


def test_timers_of_sleepable_programs_sleep_only_on_older_kernels() -> None:
    text = "main: program; r2 = &back; call 170; exit\nback: static; call bpf_sleeps; exit"
    newer = kernel_facts("bpf_sleeps", flags=_SLEEPS)
    older = behaving(newer, timers_never_sleep=False)
    members = {"main": "init"}
    assert check(text, members, older, sleepable=("main",))["main"].verdict == PASSES
    verdict = check(text, members, newer, sleepable=("main",))["main"]
    assert only_finding(verdict).kind == "not_sleepable"


def test_a_kfunc_no_program_can_load_refuses_even_if_dead() -> None:
    text = "main: program; r1 = 0; if r1 == 0 goto end; call bpf_common; end: ; exit"
    facts = changed_kfunc(kernel_facts(), "bpf_common", callable_in_btf=False)
    verdict = check(text, facts=facts)["main"]
    assert verdict.verdict == REFUSED
    assert only_finding(verdict).kind == "malformed_kernel"


@pytest.mark.parametrize(
    ("license", "expected"),
    [("GPL v2", PASSES), ("Dual MIT/GPL", PASSES), ("GPLv2", REFUSED), ("", REFUSED)],
)
def test_kfuncs_are_for_programs_that_the_gpl_lets_call_them(license: str, expected: str) -> None:
    text = "main: program; r1 = 0; if r1 == 0 goto end; call bpf_common; end: ; exit"
    obj = replace(strong(assemble(text)), license=license)
    [verdict] = check_object(obj, KernelUnderTest(kernel_facts())).programs
    assert verdict.verdict == expected
    without = replace(strong(assemble("main: program; exit")), license=license)
    [verdict] = check_object(without, KernelUnderTest(kernel_facts())).programs
    assert verdict.verdict == PASSES


def test_a_device_bound_kfunc_needs_a_device() -> None:
    facts = changed_kfunc(kernel_facts(), "bpf_xdp_it", device_bound=True)
    verdict = check("main: program; call bpf_xdp_it; exit", facts=facts)["main"]
    assert only_finding(verdict).kind == "device_bound"


def _masks() -> RunTime:
    place = Place("kernel/ext.c", 5)
    return RunTime(
        bits=(Constant("UNLOCKED", 0), Constant("DISPATCH", 2), Constant("REST", 16)),
        ops=(
            OpMask("toy_ops", "dispatch", 2, (place,)),
            OpMask("toy_ops", "running", 16, (place,)),
        ),
        guards=(Guard("bpf_guarded", 2, False, (("bpf_guarded", place),)),),
        boundary_bits=(),
        place=place,
    )


@pytest.mark.parametrize(
    ("member", "expected"), [("dispatch", PASSES), ("running", FAILS_AT_RUN_TIME)]
)
def test_a_guard_fails_at_run_time_outside_its_ops(member: str, expected: str) -> None:
    facts = kernel_facts("bpf_guarded", run_time=_masks())
    verdict = check("main: program; call bpf_guarded; exit", {"main": member}, facts)["main"]
    assert verdict.verdict == expected
    if expected == FAILS_AT_RUN_TIME:
        finding = only_finding(verdict)
        assert finding.kind == "run_time"
        assert finding.legal_in == ("struct_ops:toy_ops.dispatch",)


def test_a_timer_callback_runs_with_no_mask_in_force() -> None:
    text = "main: program; r2 = &back; call 170; exit\nback: static; call bpf_guarded; exit"
    facts = kernel_facts("bpf_guarded", run_time=_masks())
    verdict = check(text, {"main": "dispatch"}, facts)["main"]
    assert verdict.verdict == FAILS_AT_RUN_TIME
    assert "timer" in only_finding(verdict).reasons[0].text


@pytest.mark.parametrize(
    ("called", "here"),
    [
        ("cgroup_rstat_flush", "css_rstat_flush"),
        ("scx_bpf_dispatch", "scx_bpf_dsq_insert"),
        ("bpf_wq_set_callback_impl", "bpf_wq_set_callback"),
    ],
)
def test_the_advice_knows_what_a_kfunc_was_renamed_to(called: str, here: str) -> None:
    facts = kernel_facts(here)
    verdict = check(f"main: program; call {called}; exit", facts=facts)["main"]
    assert only_finding(verdict).suggestion.endswith(f", else {here}, which this kernel has")
