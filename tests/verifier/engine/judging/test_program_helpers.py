"""Helpers by the type of the program, as get_func_proto of each kernel gives them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.verifier.bundled import bundled_kernel, check_on, reasons_of
from tests.verifier.engine.object.objects import read
from verifier.engine.verdict import KernelUnderTest, check_object

KERNELS = ("6.1", "6.12", "6.18", "7.2", "7.3")
OBJECT = "program_helpers.bpf.o"


@pytest.mark.parametrize("kernel", KERNELS)
def test_helper_of_another_type_is_refused_where_its_call_is_live(kernel: str) -> None:
    verdicts = check_on(kernel, OBJECT)
    assert verdicts["of_tc"].verdict == "passes"
    assert verdicts["not_live"].verdict == "passes"
    assert verdicts["not_of_xdp"].verdict == "refused"
    # bpf_get_helper_proto() and check_helper_call(): "cannot use helper %s#%d"
    text = "program of this type cannot use helper bpf_skb_load_bytes#26"
    assert reasons_of(verdicts["not_of_xdp"]) == [text]
    (finding,) = verdicts["not_of_xdp"].findings
    assert finding.reasons[-1].line


@pytest.mark.parametrize("kernel", KERNELS)
def test_helper_that_the_kernel_lacks_is_refused(kernel: str) -> None:
    verdict = check_on(kernel, OBJECT)["newer"]
    assert verdict.verdict == "refused"
    assert reasons_of(verdict) == ["this kernel has no helper#9999"]


@pytest.mark.parametrize("kernel", ("6.18", "7.2"))
def test_helper_that_may_sleep_is_refused_in_a_program_that_may_not(kernel: str) -> None:
    verdict = check_on(kernel, OBJECT)["sleeps"]
    assert verdict.verdict == "refused"
    assert "may sleep" in reasons_of(verdict)[0] or "cannot use" in reasons_of(verdict)[0]


@pytest.mark.parametrize("kernel", KERNELS)
def test_helper_for_gpl_programs_needs_the_licence(kernel: str) -> None:
    assert check_on(kernel, OBJECT)["for_gpl"].verdict == "passes"
    other = replace(read(OBJECT), license="Proprietary")
    found = {p.program: p for p in check_object(other, bundled_kernel(kernel)).programs}
    assert found["for_gpl"].verdict == "refused"
    text = "cannot call GPL-restricted function bpf_probe_read_kernel from non-GPL compatible"
    assert text in reasons_of(found["for_gpl"])[0]
    assert found["of_tc"].verdict == "passes"


@pytest.mark.parametrize("kernel", KERNELS)
def test_result_of_a_void_hook_cannot_be_set(kernel: str) -> None:
    verdicts = check_on(kernel, OBJECT)
    # check_helper_call() of kernel/bpf/verifier.c; a booted 7.3 says so, too
    text = "BPF_LSM_CGROUP that attach to void LSM hooks can't modify return value"
    assert text not in reasons_of(verdicts["sets_result"])
    assert text in reasons_of(verdicts["sets_none"])


def test_kernel_without_helper_facts_is_not_asked() -> None:
    kernel = bundled_kernel("7.2")
    unknowing = KernelUnderTest(replace(kernel.facts, helpers=()), kernel.types, kernel.config)
    found = {p.program: p for p in check_object(read(OBJECT), unknowing).programs}
    assert found["not_of_xdp"].verdict == "passes"
