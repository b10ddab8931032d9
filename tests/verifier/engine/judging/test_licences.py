"""A licence that does not go with the GPL: which programs the kernel refuses for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.permission.section_names import parse_section_name
from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.judging.toy import in_ops, kernel_facts, only_finding
from verifier.engine.result import PASSES, REFUSED, ProgramVerdict
from verifier.engine.verdict import KernelUnderTest, check_object

_OWN = "Proprietary"


def _check(kind: str, licence: str, text: str = "exit") -> ProgramVerdict:
    """Check a program of a type under a licence."""
    obj = replace(assemble(f"main: program; {text}"), license=licence)
    if kind == "BPF_PROG_TYPE_STRUCT_OPS":
        obj = in_ops(obj, {"main": "running"})
    elif kind == "BPF_PROG_TYPE_LSM":
        [program] = obj.programs
        hook = replace(program, kind=parse_section_name("lsm/file_open"))
        obj = replace(obj, programs=(hook,))
    facts = kernel_facts("toy_kfunc")
    return check_object(obj, KernelUnderTest(facts)).programs[0]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        # check_struct_ops_btf_id() of kernel/bpf/verifier.c, kfunc or not
        ("BPF_PROG_TYPE_STRUCT_OPS", "struct_ops programs must have a GPL compatible license"),
        # bpf_lsm_verify_prog() of kernel/bpf/bpf_lsm.c
        ("BPF_PROG_TYPE_LSM", "LSM programs must have a GPL compatible license"),
    ],
)
def test_some_program_types_need_a_gpl_compatible_licence(kind: str, text: str) -> None:
    assert _check(kind, "GPL").verdict == PASSES
    verdict = _check(kind, _OWN)
    assert verdict.verdict == REFUSED
    reason = only_finding(verdict).reasons[0]
    assert reason.rule == "license"
    assert reason.text.startswith(f"{text}, and that of this object is 'Proprietary': add")


def test_other_types_need_one_for_kfuncs_alone() -> None:
    # add_kfunc_call(): "cannot call kernel function from non-GPL compatible program"
    assert _check("BPF_PROG_TYPE_XDP", _OWN).verdict == PASSES
    verdict = _check("BPF_PROG_TYPE_XDP", _OWN, "call toy_kfunc; exit")
    assert verdict.verdict == REFUSED
    assert "programs that call kfuncs must have a GPL" in only_finding(verdict).reasons[0].text


@pytest.mark.parametrize("licence", ["GPL v2", "Dual BSD/GPL", "Dual MPL/GPL"])
def test_the_kernels_other_words_for_it_do_as_well(licence: str) -> None:
    assert _check("BPF_PROG_TYPE_STRUCT_OPS", licence).verdict == PASSES


def test_no_licence_is_none() -> None:
    verdict = _check("BPF_PROG_TYPE_STRUCT_OPS", "")
    assert "that of this object is not given" in only_finding(verdict).reasons[0].text
