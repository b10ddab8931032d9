"""Sleepable programs: where the type and the target let them, and what is advised where not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.kernel.facts import Constant, KernelFacts, Place
from kfmap.kernel.program_facts import (
    MAY,
    MUST,
    NEVER,
    TARGET_DECIDES,
    AttachTargets,
    SleepRule,
    Target,
)
from kfmap.permission.section_names import ProgramKind
from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.judging.toy import check, kernel_facts, only_finding
from tests.verifier.functions import named_functions
from verifier.engine.result import PASSES, REFUSED, ProgramVerdict
from verifier.engine.verdict import KernelUnderTest, check_object

_LINE = Place("kernel/bpf/verifier.c", 7)
_SLEEPS = {"bpf_sleeps": ("KF_SLEEPABLE",)}


def _facts(*more: str) -> KernelFacts:
    """A kernel that lets some types sleep, and lists one function and one hook that may."""
    listed = (Target("sleepy", _LINE, "listed"),)
    hooks = (Target("bpf_lsm_file_open", _LINE, "listed"),)
    rules = (
        SleepRule("BPF_PROG_TYPE_XDP", None, NEVER, _LINE),
        SleepRule("BPF_PROG_TYPE_KPROBE", None, MAY, _LINE),
        SleepRule("BPF_PROG_TYPE_SYSCALL", None, MUST, _LINE),
        SleepRule("BPF_PROG_TYPE_LSM", None, TARGET_DECIDES, _LINE),
        SleepRule("BPF_PROG_TYPE_TRACING", "BPF_TRACE_FENTRY", TARGET_DECIDES, _LINE),
    )
    targets = AttachTargets(listed, (), (), (), (), hooks, (), ())
    facts = kernel_facts("bpf_sleeps", *more, flags=_SLEEPS)
    known = {item.name for item in facts.program_types}
    types = tuple(
        Constant(name, 90 + at)
        for at, name in enumerate(sorted({rule.program_type for rule in rules} - known))
    )
    return replace(
        facts,
        sleeping=rules,
        targets=targets,
        program_types=(*facts.program_types, *types),
        attach_types=(*facts.attach_types, Constant("BPF_TRACE_FENTRY", 90)),
        lsm_hooks=("bpf_lsm_file_open", "bpf_lsm_task_free"),
    )


def _check(
    kind: str, sleeps: bool, target: str | None = None, text: str = "exit"
) -> ProgramVerdict:
    obj = assemble(f"main: program; {text}")
    attach_type = {"BPF_PROG_TYPE_TRACING": "BPF_TRACE_FENTRY", "BPF_PROG_TYPE_LSM": "BPF_LSM_MAC"}
    [program] = obj.programs
    made = ProgramKind(kind, attach_type.get(kind), target, target, sleeps, False)
    changed = replace(program, kind=made)
    functions = named_functions({"sleepy": 1, "vfs_open": 2})
    kernel = KernelUnderTest(_facts(), functions=functions)
    return check_object(replace(obj, programs=(changed,)), kernel).programs[0]


@pytest.mark.parametrize(
    ("kind", "target", "sleeps", "expected"),
    [
        ("BPF_PROG_TYPE_XDP", None, True, REFUSED),
        ("BPF_PROG_TYPE_XDP", None, False, PASSES),
        ("BPF_PROG_TYPE_KPROBE", None, True, PASSES),
        ("BPF_PROG_TYPE_SYSCALL", None, False, REFUSED),
        ("BPF_PROG_TYPE_LSM", "bpf_lsm_file_open", True, PASSES),
        ("BPF_PROG_TYPE_LSM", "bpf_lsm_task_free", True, REFUSED),
        ("BPF_PROG_TYPE_LSM", "bpf_lsm_task_free", False, PASSES),
        ("BPF_PROG_TYPE_TRACING", "sleepy", True, PASSES),
        ("BPF_PROG_TYPE_TRACING", "vfs_open", True, REFUSED),
        ("BPF_PROG_TYPE_TRACING", "vfs_open", False, PASSES),
    ],
)
def test_a_program_may_sleep_where_its_type_and_target_let_it(
    kind: str, target: str | None, sleeps: bool, expected: str
) -> None:
    verdict = _check(kind, sleeps, target)
    assert verdict.verdict == expected
    if expected == REFUSED:
        finding = only_finding(verdict)
        assert (finding.kind, finding.reasons[0].file) == ("load", _LINE.file)
        assert "sleep" in finding.reasons[0].text


@pytest.mark.parametrize(
    ("kind", "target", "advises"),
    [
        ("BPF_PROG_TYPE_KPROBE", None, True),
        ("BPF_PROG_TYPE_LSM", "bpf_lsm_file_open", True),
        ("BPF_PROG_TYPE_LSM", "bpf_lsm_task_free", False),
        ("BPF_PROG_TYPE_TRACING", "vfs_open", False),
        ("BPF_PROG_TYPE_XDP", None, False),
    ],
)
def test_nobody_is_told_to_sleep_where_that_cannot_be(
    kind: str, target: str | None, advises: bool
) -> None:
    finding = only_finding(_check(kind, False, target, "call bpf_sleeps; exit"))
    assert finding.kind == "not_sleepable"
    assert ("make the program sleepable" in finding.suggestion) == advises


def test_work_that_may_sleep_is_advised_where_the_kernel_has_it() -> None:
    text = "main: program; call bpf_sleeps; exit"
    for more, advice in (((), ""), (("bpf_wq_set_callback",), "call it from a bpf_wq callback")):
        verdict = check(text, {"main": "running"}, _facts(*more))["main"]
        assert only_finding(verdict).suggestion.startswith(advice)
