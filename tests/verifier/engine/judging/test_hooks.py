"""Programs for a type or attach type that the kernel has not are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.kernel.facts import Place
from kfmap.kernel.program_facts import KernelPart, LeftOut
from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.judging.toy import kernel_facts, only_finding
from verifier.engine.result import PASSES, REFUSED, UNKNOWN, ProgramVerdict
from verifier.engine.verdict import KernelUnderTest, check_object


def _check(kind: str, attach_type: str | None = None) -> ProgramVerdict:
    """Check an empty program of some kind."""
    obj = assemble("main: program; exit")
    [program] = obj.programs
    program = replace(
        program, kind=program.kind._replace(program_type=kind, attach_type=attach_type)
    )
    [verdict] = check_object(
        replace(obj, programs=(program,)), KernelUnderTest(kernel_facts())
    ).programs
    return verdict


@pytest.mark.parametrize(
    ("kind", "attach_type"),
    [
        ("BPF_PROG_TYPE_XDP", None),
        ("BPF_PROG_TYPE_KPROBE", "BPF_TRACE_NEWER"),  # looked at when it is attached
    ],
)
def test_what_the_kernel_has_passes(kind: str, attach_type: str | None) -> None:
    assert _check(kind, attach_type).verdict == PASSES


@pytest.mark.parametrize(
    ("kind", "attach_type", "text"),
    [
        ("BPF_PROG_TYPE_NEWER", None, "this kernel has no program type BPF_PROG_TYPE_NEWER"),
        ("BPF_PROG_TYPE_TRACING", "BPF_TRACE_NEWER", "no attach type BPF_TRACE_NEWER"),
    ],
)
def test_what_the_kernel_lacks_is_refused(kind: str, attach_type: str | None, text: str) -> None:
    verdict = _check(kind, attach_type)
    assert verdict.verdict == REFUSED
    assert text in only_finding(verdict).reasons[0].text
    assert only_finding(verdict).kind == "load"


def test_the_type_that_the_loader_sets_is_not_known() -> None:
    verdict = _check("BPF_PROG_TYPE_UNSPEC")
    assert verdict.verdict == UNKNOWN
    text = only_finding(verdict).reasons[0].text
    assert "libbpf knows no program type for section xdp: its loader sets one" in text
    assert "--type xdp=TYPE" in text


def test_a_program_type_that_the_kernel_is_built_without_does_not_load() -> None:
    place = Place("include/linux/bpf_types.h", 60)
    left = LeftOut(KernelPart.PROGRAM_TYPE, "BPF_PROG_TYPE_XDP", ("CONFIG_NET",), place)
    facts = replace(kernel_facts(), left_out=(left,))
    obj = assemble("main: program; r0 = 0; exit")
    [verdict] = check_object(obj, KernelUnderTest(facts)).programs
    assert verdict.verdict == REFUSED
    [reason] = only_finding(verdict).reasons
    assert "built without program type BPF_PROG_TYPE_XDP: CONFIG_NET is off" in reason.text
    assert reason.line == 60
