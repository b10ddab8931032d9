"""Selftests' messages are sorted by what they are about, and counted by what kfmap says."""

from __future__ import annotations

import pytest

from tests.kernel_objects.annotations import Annotation
from tests.kernel_objects.classes import ABSENT, OTHER, REASON, ClassCounts, find_class
from tests.verifier.checked import create_finding
from verifier.engine.result import PASSES, REFUSED, FindingKind, ProgramVerdict


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("calling kernel function bpf_x is not allowed", "kfuncs that may not be called"),
        ("bpf_throw cannot be used inside bpf_rcu_read_lock-ed region", "exceptions"),
        ("BPF_EXIT instruction in main prog cannot be used inside", "regions left open"),
        ("function calls are not allowed while holding a lock", "calls under locks"),
        ("cannot restore irq state out of order", "regions ended wrongly"),
        ("expected an RCU CS when using bpf_iter_task_next", "RCU"),
        ("sleepable helper bpf_copy_from_user#148 in non-preemptible region", "sleeping"),
        ("program of this type cannot use helper bpf_ktime_get_ns#5", "helpers of programs"),
    ],
)
def test_messages_have_a_class(message: str, name: str) -> None:
    found = find_class(["R1 = 2", message])
    assert found is not None
    assert found.name == name


def test_messages_about_pointers_have_none() -> None:
    assert find_class(["invalid mem access 'scalar'"]) is None


@pytest.mark.parametrize(
    ("verdict", "kinds", "outcome"),
    [
        (PASSES, (), PASSES),
        (REFUSED, (FindingKind.REGION,), REASON),
        (REFUSED, (FindingKind.MISSING,), ABSENT),
        (REFUSED, (FindingKind.STRUCT_OPS,), OTHER),
    ],
)
def test_what_became_of_a_program_is_counted(
    verdict: str, kinds: tuple[FindingKind, ...], outcome: str
) -> None:
    findings = tuple(create_finding(kind) for kind in kinds)
    counts = ClassCounts()
    program = ProgramVerdict("main", verdict, findings, (), ())
    counts.add("main", program, Annotation(False, ("tail_call cannot be used inside x-ed region",)))
    assert counts.counts == {"regions left open": {outcome: 1}}
    assert (counts.missed == []) == (outcome in (REASON, ABSENT))
    [line] = counts.lines()
    assert ("below" in line) == (outcome != REASON)
