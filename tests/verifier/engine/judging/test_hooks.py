"""Programs for a type, attach type, LSM hook or iterator that the kernel has not are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.btf.read import read_btf
from tests.btf.btf_writer import BtfWriter
from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.judging.toy import kernel_facts, only_finding
from verifier.engine.object.model import BpfObject
from verifier.engine.result import PASSES, REFUSED, UNKNOWN
from verifier.engine.verdict import KernelUnderTest, check_object

_LSM, _TRACING = "BPF_PROG_TYPE_LSM", "BPF_PROG_TYPE_TRACING"


def _one_program(kind: str, attach_type: str | None, target: str | None) -> BpfObject:
    obj = assemble("main: program; exit")
    program = replace(
        obj.programs[0], program_type=kind, attach_type=attach_type, attach_target=target
    )
    return replace(obj, programs=(program,))


def _check(kind: str, attach_type: str | None = None, target: str | None = None) -> str:
    """Return why an empty program of some kind is refused, "" if it is not."""
    obj = _one_program(kind, attach_type, target)
    [verdict] = check_object(obj, KernelUnderTest(kernel_facts())).programs
    if verdict.verdict == PASSES:
        return ""
    assert verdict.verdict == REFUSED
    finding = only_finding(verdict)
    assert finding.kind == "load"
    return finding.reasons[0].text


@pytest.mark.parametrize(
    ("kind", "attach_type", "target"),
    [
        ("BPF_PROG_TYPE_XDP", None, None),
        (_LSM, "BPF_LSM_MAC", "bpf_lsm_file_open"),
        (_LSM, "BPF_LSM_MAC", None),
        (_TRACING, "BPF_TRACE_ITER", "bpf_iter_task"),
        (_TRACING, "BPF_TRACE_FENTRY", "do_nanosleep"),
    ],
)
def test_what_the_kernel_has_passes(kind: str, attach_type: str | None, target: str | None) -> None:
    assert _check(kind, attach_type, target) == ""


@pytest.mark.parametrize(
    ("kind", "attach_type", "target", "text"),
    [
        ("BPF_PROG_TYPE_NEWER", None, None, "no program type BPF_PROG_TYPE_NEWER"),
        (_TRACING, "BPF_TRACE_NEWER", None, "no attach type BPF_TRACE_NEWER"),
        (_TRACING, "BPF_TRACE_ITER", "bpf_iter_newer", "no iterator bpf_iter_newer"),
        (_LSM, "BPF_LSM_MAC", "bpf_lsm_newer", "no LSM hook bpf_lsm_newer"),
        ("BPF_PROG_TYPE_UNSPEC", None, None, "libbpf knows no program type for section xdp"),
    ],
)
def test_what_the_kernel_lacks_is_refused(
    kind: str, attach_type: str | None, target: str | None, text: str
) -> None:
    assert text in _check(kind, attach_type, target)


def test_only_attach_types_that_are_looked_at_on_loading_count() -> None:
    assert _check("BPF_PROG_TYPE_KPROBE", "BPF_TRACE_NEWER") == ""


@pytest.mark.parametrize(
    ("target", "has_types", "expected"),
    [
        ("btf_trace_sched_switch", True, PASSES),
        ("btf_trace_newer", True, UNKNOWN),
        ("btf_trace_newer", False, PASSES),
        (None, True, PASSES),
    ],
)
def test_a_tracepoint_that_only_a_module_can_have_is_unknown(
    target: str | None, has_types: bool, expected: str
) -> None:
    writer = BtfWriter()
    writer.typedef("btf_trace_sched_switch", 0)
    types = read_btf(writer.build()) if has_types else None
    obj = _one_program(_TRACING, "BPF_TRACE_RAW_TP", target)
    [verdict] = check_object(obj, KernelUnderTest(kernel_facts(), types)).programs
    assert verdict.verdict == expected
