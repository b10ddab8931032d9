"""Global functions are verified apart; newer kernels look at where they are called as well."""

from __future__ import annotations

import pytest

from kfmap.kernel.facts import KernelFacts
from tests.verifier.engine.judging.toy import behaving, check, kernel_facts, only_finding
from verifier.engine.result import PASSES, REFUSED, UNKNOWN, ProgramVerdict

_REGIONS = (
    "bpf_rcu_read_lock",
    "bpf_rcu_read_unlock",
    "bpf_preempt_disable",
    "bpf_preempt_enable",
)
_SLEEPS = {"bpf_sleeps": ("KF_SLEEPABLE",)}


def _facts(newer: bool) -> KernelFacts:
    """A kernel that marks global functions that may sleep, or one before those."""
    facts = kernel_facts("bpf_sleeps", *_REGIONS, flags=_SLEEPS)
    return behaving(
        facts,
        sleepable_globals_marked=newer,
        globals_need_preemption=not newer,
        globals_per_context=False,
    )


def _check(text: str, newer: bool, sleeps: bool = True) -> ProgramVerdict:
    member, sleepable = ("init", ("main",)) if sleeps else ("running", ())
    return check(text, {"main": member}, _facts(newer), sleepable=sleepable)["main"]


@pytest.mark.parametrize("newer", [True, False])
def test_none_may_be_called_under_a_spin_lock(newer: bool) -> None:
    text = "main: program; call 93; call sub; call 94; exit\nsub: global; call bpf_common; exit"
    finding = only_finding(_check(text, newer))
    assert (finding.kind, finding.kfunc) == ("region", "")
    assert [(step.function, step.instruction) for step in finding.path] == [("main", 1)]
    assert (
        _check(text.replace("global", "static").replace("call bpf_common;", ""), newer).verdict
        == PASSES
    )


@pytest.mark.parametrize(
    "below",
    [
        "sub: static; call plain; exit",
        "sub: static; r1 = 1; if r1 == 1 goto end; r0 = 0; exit; end: ; call plain; exit",
    ],
)
def test_nor_below_functions_that_reach_nothing_else(below: str) -> None:
    text = f"main: program; call 93; call sub; call 94; exit\n{below}\nplain: global; r0 = 0; exit"
    finding = only_finding(_check(text, newer=True))
    assert [step.function for step in finding.path] == ["main", "sub"]
    assert finding.reasons[0].text.startswith("global function plain is called within a lock")


@pytest.mark.parametrize(
    ("region", "newer", "kind"),
    [
        ("bpf_rcu_read", True, "not_sleepable"),
        ("bpf_rcu_read", False, ""),
        ("bpf_preempt", True, "not_sleepable"),
        ("bpf_preempt", False, "region"),
    ],
)
def test_in_a_region_newer_kernels_ask_whether_it_sleeps(
    region: str, newer: bool, kind: str
) -> None:
    enter, leave = [name for name in _REGIONS if name.startswith(region)]
    text = f"""
        main: program; call {enter}; call sub; call {leave}; exit
        sub: global; call bpf_sleeps; exit
    """
    verdict = _check(text, newer)
    assert verdict.verdict == (REFUSED if kind else PASSES)
    assert {finding.kind for finding in verdict.findings} == ({kind} if kind else set())


@pytest.mark.parametrize(("newer", "expected"), [(True, REFUSED), (False, PASSES)])
def test_code_that_is_dead_makes_it_sleep_on_newer_kernels(newer: bool, expected: str) -> None:
    text = """
        main: program; call sub; exit
        sub: global; r1 = 0; if r1 == 0 goto end; call deep
        end: ; exit
        deep: static; call bpf_sleeps; exit
    """
    verdict = _check(text, newer, sleeps=False)
    assert verdict.verdict == expected
    if newer:
        [finding] = [item for item in verdict.findings if item.kind == "not_sleepable"]
        assert [step.function for step in finding.path] == ["main", "sub", "deep"]
    assert _check(text, newer, sleeps=True).verdict == PASSES


def test_a_call_that_is_dead_does_not_count() -> None:
    text = """
        main: program; r1 = 0; if r1 == 0 goto end; call sub
        end: ; exit
        sub: global; call bpf_sleeps; exit
    """
    assert _check(text, newer=True, sleeps=False).verdict == PASSES


@pytest.mark.parametrize(("in_context", "expected"), [(True, PASSES), (False, REFUSED)])
def test_the_newest_kernels_verify_it_for_what_its_callers_may(
    in_context: bool, expected: str
) -> None:
    work = """
        main: program; r2 = &back; call bpf_wq_set_callback; exit
        back: static; call sub; exit
        sub: global; call bpf_sleeps; exit
    """
    guarded = """
        main: program; call bpf_rcu_read_lock; call sub; call bpf_rcu_read_unlock; exit
        sub: global; call bpf_guarded; exit
    """
    flags = _SLEEPS | {"bpf_guarded": ("KF_RCU_PROTECTED",)}
    names = ("bpf_sleeps", "bpf_guarded", "bpf_wq_set_callback", *_REGIONS)
    facts = behaving(kernel_facts(*names, flags=flags), globals_per_context=in_context)
    assert check(work, {"main": "running"}, facts)["main"].verdict == expected
    assert check(guarded, {"main": "init"}, facts, sleepable=("main",))["main"].verdict == expected


def test_where_the_program_may_sleep_its_caller_is_named_that_may_not() -> None:
    text = """
        main: program; call bpf_rcu_read_lock; call sub; call bpf_rcu_read_unlock; exit
        sub: global; call bpf_sleeps; exit
    """
    facts = kernel_facts("bpf_sleeps", *_REGIONS, flags=_SLEEPS)
    facts = behaving(facts, globals_per_context=True)
    for member, sleeps, who in (
        ("init", ("main",), "what calls this function"),
        ("running", (), "this program"),
    ):
        verdict = check(text, {"main": member}, facts, sleepable=sleeps)["main"]
        said = [item.reasons[0].text for item in verdict.findings if item.kind == "not_sleepable"]
        assert said == [f"bpf_sleeps may sleep, and {who} may not"]


def test_a_call_that_may_be_dead_is_unknown() -> None:
    text = """
        main: program
        *(u64 *)(r10 - 8) = 0; r1 = r10; r1 += -8; r2 = 8; call 113
        r6 = *(u64 *)(r10 - 8); call bpf_rcu_read_lock; if r6 == 0 goto end
        call sub
        end: ; call bpf_rcu_read_unlock; exit
        sub: global; call bpf_sleeps; exit
    """
    verdict = _check(text, newer=True)
    assert verdict.verdict == UNKNOWN
    assert only_finding(verdict).kfunc == "bpf_sleeps"
