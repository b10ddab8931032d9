"""Which programs may be sleepable, as small verifiers say."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.kernel.facts import KernelFacts
from kfmap.kernel.program_facts import SleepRule
from tests.kernel.small_kernel import extract
from tests.kernel.verifier_tree import VERIFIER_C, write_verifier


def _rules(facts: KernelFacts) -> dict[tuple[str, str | None], str]:
    return {
        (rule.program_type.removeprefix("BPF_PROG_TYPE_"), rule.attach_type): rule.answer
        for rule in facts.sleeping
    }


def _rule(facts: KernelFacts, program_type: str, attach_type: str | None = None) -> SleepRule:
    wanted = (f"BPF_PROG_TYPE_{program_type}", attach_type)
    return next(r for r in facts.sleeping if (r.program_type, r.attach_type) == wanted)


def test_each_type_gets_the_answer_of_can_be_sleepable(tmp_path: Path) -> None:
    rules = _rules(extract(tmp_path, write_verifier()))
    assert rules == {
        ("KPROBE", None): "may",
        ("SCHED_CLS", None): "never",
        ("XDP", None): "never",
        ("TRACING", None): "never",
        ("TRACING", "BPF_TRACE_FENTRY"): "target",
        ("TRACING", "BPF_TRACE_FEXIT"): "target",
        ("TRACING", "BPF_MODIFY_RETURN"): "target",
        ("TRACING", "BPF_TRACE_ITER"): "may",
        ("STRUCT_OPS", None): "target",
        ("LSM", None): "never",
        ("LSM", "BPF_LSM_MAC"): "target",
        ("LSM", "BPF_LSM_CGROUP"): "target",
        ("EXT", None): "never",
        ("SYSCALL", None): "must",
    }


def test_an_earlier_verifier_tests_in_place(tmp_path: Path) -> None:
    rules = _rules(extract(tmp_path, write_verifier(later=False)))
    assert rules["STRUCT_OPS", None] == "never"
    assert rules["LSM", "BPF_LSM_MAC"] == "target"
    assert ("LSM", "BPF_LSM_CGROUP") not in rules  # as the general rule of LSM: never
    assert rules["TRACING", "BPF_TRACE_FENTRY"] == "target"
    assert rules["TRACING", "BPF_TRACE_RAW_TP"] == "may"


def test_tracepoints_that_may_fault_decide_where_the_verifier_asks(tmp_path: Path) -> None:
    rules = _rules(extract(tmp_path, write_verifier(faultable=True)))
    assert rules["TRACING", "BPF_TRACE_RAW_TP"] == "target"


def test_an_answer_names_the_line_that_gives_it(tmp_path: Path) -> None:
    files = write_verifier()
    lines = files[VERIFIER_C].split("\n")
    facts = extract(tmp_path, files)
    refusal = next(at for at, line in enumerate(lines) if "cannot be sleepable" in line) + 2
    assert _rule(facts, "XDP").place.line == refusal
    syscall = next(at for at, line in enumerate(lines) if "PROG_TYPE_SYSCALL" in line) + 4
    assert _rule(facts, "SYSCALL").place.line == syscall
    where = next(at for at, line in enumerate(lines) if line.strip() == "if (ret)") + 2
    assert _rule(facts, "LSM", "BPF_LSM_MAC").place.line == where
    function = next(at for at, line in enumerate(lines) if "bool can_be_sleepable" in line) + 1
    assert _rule(facts, "KPROBE").place.line == function


def test_a_verifier_without_the_function_is_not_understood(tmp_path: Path) -> None:
    facts = extract(tmp_path, {VERIFIER_C: "int other(void) { return 0; }\n"})
    assert facts.sleeping == ()
    assert ("who may sleep", "check_attach_btf_id") in {
        (p.construct, p.text) for p in facts.not_understood
    }


def test_a_tree_without_a_verifier_says_nothing(tmp_path: Path) -> None:
    facts = extract(tmp_path, {})
    assert (facts.sleeping, facts.targets, facts.not_understood) == ((), None, ())


@pytest.mark.parametrize(
    "body",
    [
        "for (;;) { if (prog->sleepable) return -EINVAL; }\n    return 0;",
        "return sleepable_later();",
    ],
)
def test_what_is_not_known_refuses_nothing(tmp_path: Path, body: str) -> None:
    text = f"static int check_attach_btf_id(struct bpf_verifier_env *env)\n{{\n    {body}\n}}\n"
    facts = extract(tmp_path, write_verifier() | {VERIFIER_C: text})
    assert "never" not in {rule.answer for rule in facts.sleeping}
