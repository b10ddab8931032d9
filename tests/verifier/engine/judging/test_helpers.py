"""Helpers: which programs get them, where they may be called, under which licence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.kernel.facts import Constant, KernelFacts, Place
from kfmap.kernel.helper_facts import HelperFacts
from kfmap.kernel.helper_form import (
    Choice,
    HelperCase,
    HelperFunction,
    HelperProto,
    HelperTable,
    NoProto,
    Proto,
)
from kfmap.kernel.helper_json import write_helpers
from kfmap.kernel.rule_form import ProgramHas, Trait
from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.judging.toy import behaving, in_ops, kernel_facts, only_finding
from verifier.engine.result import PASSES, REFUSED, ProgramVerdict
from verifier.engine.verdict import KernelUnderTest, check_object

_PLACE = Place("net/filter.c", 9)
_PRINTK, _COPY, _WRITE_USER, _COPY_TASK = 6, 148, 36, 191
_NONE = NoProto("net/filter.c", 9)
_LOCKS = ("bpf_rcu_read_lock", "bpf_rcu_read_unlock")
_GLOBAL = f"f: global; call {_COPY}; exit"


def _facts() -> KernelFacts:
    """A kernel that lets XDP programs print and copy, and copy from tasks only where they sleep."""
    awake = Choice(
        ProgramHas(Trait.SLEEPABLE),
        "net/filter.c",
        8,
        Proto("copy_proto", "net/filter.c", 8),
        _NONE,
    )
    function = HelperFunction(
        "xdp_func_proto",
        "net/filter.c",
        7,
        ("trace_printk printk_proto 7", "copy_from_user copy_proto 7"),
        (HelperCase("copy_from_user_task", awake),),
        _NONE,
    )
    helpers = HelperFacts(
        (
            Constant("trace_printk", _PRINTK),
            Constant("copy_from_user", _COPY),
            Constant("probe_write_user", _WRITE_USER),
            Constant("copy_from_user_task", _COPY_TASK),
        ),
        (
            HelperTable("BPF_PROG_TYPE_XDP", "", "xdp_func_proto", _PLACE),
            HelperTable("BPF_PROG_TYPE_STRUCT_OPS", "toy_ops", "xdp_func_proto", _PLACE),
        ),
        (function,),
        (
            HelperProto("printk_proto", False, True, None, _PLACE),
            HelperProto("copy_proto", True, False, None, _PLACE),
        ),
        (),
    )
    return replace(kernel_facts(*_LOCKS), helpers=write_helpers(helpers))


def _check(
    text: str, *, sleeps: bool = False, licence: str = "GPL", facts: KernelFacts | None = None
) -> ProgramVerdict:
    obj = replace(assemble(text), license=licence)
    obj = in_ops(obj, {"main": "init"}, ("main",) if sleeps else ())
    kernel = KernelUnderTest(facts or _facts())
    verdicts = {item.program: item for item in check_object(obj, kernel).programs}
    return verdicts["main"]


@pytest.mark.parametrize("number", [_WRITE_USER, _COPY_TASK])
def test_a_helper_that_such_programs_do_not_get(number: int) -> None:
    finding = only_finding(_check(f"main: program; call {number}; exit"))
    assert finding.kind == "load"
    assert "cannot use helper bpf_" in finding.reasons[0].text
    assert (finding.reasons[0].file, finding.reasons[0].line) == ("net/filter.c", 9)


def test_a_helper_that_only_sleepable_programs_get() -> None:
    text = f"main: program; call {_COPY_TASK}; exit"
    assert _check(text, sleeps=True).verdict == PASSES


def test_a_helper_that_is_called_in_dead_code_is_not_asked_for() -> None:
    text = f"main: program; r1 = 0; if r1 == 0 goto out; call {_WRITE_USER}; out:; exit"
    assert _check(text).verdict == PASSES


def test_what_is_not_known_of_a_kernel_is_not_refused() -> None:
    text = f"main: program; call {_WRITE_USER}; call {_COPY}; exit"
    assert _check(text, facts=kernel_facts()).verdict == PASSES


@pytest.mark.parametrize(
    ("licence", "expected"), [("GPL", PASSES), ("Dual MIT/GPL", PASSES), ("MIT", REFUSED)]
)
def test_a_helper_for_programs_under_the_gpl(licence: str, expected: str) -> None:
    obj = replace(assemble(f"main: program; call {_PRINTK}; exit"), license=licence)
    [verdict] = check_object(obj, KernelUnderTest(_facts())).programs
    assert verdict.verdict == expected
    if expected == REFUSED:
        assert (
            "cannot call GPL-restricted function bpf_trace_printk"
            in only_finding(verdict).reasons[0].text
        )


@pytest.mark.parametrize(
    ("text", "sleeps", "expected"),
    [
        (f"main: program; call {_COPY}; exit", True, PASSES),
        (f"main: program; call {_COPY}; exit", False, REFUSED),
        (f"main: program; call f; exit; f: static; call {_COPY}; exit", False, REFUSED),
        (f"main: program; call f; exit; f: static; call {_COPY}; exit", True, PASSES),
        (f"main: program; call f; exit; {_GLOBAL}", False, REFUSED),
        (f"main: program; call f; exit; {_GLOBAL}", True, PASSES),
        (
            f"main: program; call bpf_rcu_read_lock; call {_COPY}; call bpf_rcu_read_unlock; exit",
            True,
            REFUSED,
        ),
        (
            "main: program; call bpf_rcu_read_lock; call f; call bpf_rcu_read_unlock; exit;"
            f" {_GLOBAL}",
            True,
            REFUSED,
        ),
    ],
)
def test_a_helper_may_sleep_where_its_caller_may(text: str, sleeps: bool, expected: str) -> None:
    verdict = _check(text, sleeps=sleeps)
    assert verdict.verdict == expected
    if expected == REFUSED:
        finding = only_finding(verdict)
        assert finding.kind == "not_sleepable"
        assert "bpf_copy_from_user" in finding.reasons[0].text


def test_a_kernel_that_marks_no_globals_verifies_them_as_their_callers_demand() -> None:
    text = (
        f"main: program; call bpf_rcu_read_lock; call f; call bpf_rcu_read_unlock; exit; {_GLOBAL}"
    )
    facts = behaving(_facts(), sleepable_globals_marked=False)
    assert _check(text, sleeps=True, facts=facts).verdict == REFUSED
