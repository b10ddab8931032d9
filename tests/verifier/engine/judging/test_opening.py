"""What libbpf does not open, or not on this machine, refuses every program, and says why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.verifier.bundled import bundled_kernel, check_on, reasons_of
from tests.verifier.engine.judging.toy import kernel_facts
from tests.verifier.engine.object.objects import read
from verifier.engine.result import PASSES, REFUSED, UNKNOWN
from verifier.engine.verdict import KernelUnderTest, check_object


@pytest.mark.parametrize("name", ["legacy.bpf.o", "undeclared.bpf.o", "definitions.bpf.o"])
def test_all_programs_of_what_libbpf_does_not_open_are_refused(name: str) -> None:
    for verdict in check_on("7.2", name).values():
        assert verdict.verdict == REFUSED
        assert verdict.findings[0].kind == "load"
        assert verdict.findings[0].reasons[0].text.startswith("libbpf does not open the object: ")


def test_a_kfunc_that_is_not_declared_as_one_is_recognised() -> None:
    verdict = check_on("7.2", "undeclared.bpf.o")["locks"]
    [kfunc] = [item for item in verdict.findings if item.kfunc == "bpf_rcu_read_lock"]
    assert "bpf_rcu_read_lock is a kfunc and not declared as one: add __ksym" in (
        kfunc.reasons[0].text
    )
    assert [step.function for step in kfunc.path] == ["locks"]
    assert any("elsewhere is undefined" in text for text in reasons_of(verdict))


@pytest.mark.parametrize(
    ("little_endian", "config", "expected"),
    [
        (False, {"CONFIG_X86": "y"}, REFUSED),
        (False, {"CONFIG_CPU_BIG_ENDIAN": "y"}, PASSES),
        (False, None, UNKNOWN),
        (True, {"CONFIG_CPU_BIG_ENDIAN": "y"}, REFUSED),
        (True, {"CONFIG_X86": "y"}, PASSES),
        (True, None, PASSES),
    ],
)
def test_only_the_byte_order_of_the_machine_is_loaded(
    little_endian: bool, config: dict[str, str] | None, expected: str
) -> None:
    obj = replace(read("instructions.bpf.o"), little_endian=little_endian)
    kernel = KernelUnderTest(kernel_facts(), None, config)
    assert {item.verdict for item in check_object(obj, kernel).programs} == {expected}


def test_the_byte_order_is_that_of_the_kernels_types() -> None:
    verdict = check_object(read("scheduler.bpfeb.o"), bundled_kernel("6.18")).programs[0]
    assert "it is big-endian, and this kernel is not" in reasons_of(verdict)[0]
