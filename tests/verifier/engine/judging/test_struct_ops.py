"""struct_ops objects that do not fit the kernel: told as such, never as a matter of a kfunc."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.judging.toy import check, in_ops, kernel_facts, only_finding, strong
from verifier.engine.object.model import BpfObject, StructOpsUse
from verifier.engine.result import LEFT_OUT, PASSES, REFUSED, Finding, ProgramVerdict
from verifier.engine.verdict import (
    ChoiceError,
    KernelUnderTest,
    LoaderChoices,
    check_object,
    prepare_object,
)

_CALLS = "main: program; call toy_move; exit"


def _finding(finding: Finding) -> tuple[str, str]:
    return finding.kind, finding.kfunc


def test_a_program_no_map_refers_to_has_no_target() -> None:
    verdict = check(_CALLS, {})["main"]
    assert verdict.verdict == REFUSED
    assert _finding(only_finding(verdict)) == ("struct_ops", "")


def test_a_sleepable_program_on_a_member_that_may_not_sleep() -> None:
    verdict = check(_CALLS, {"main": "running"}, sleepable=("main",))["main"]
    assert verdict.verdict == REFUSED
    finding = only_finding(verdict)
    assert _finding(finding) == ("struct_ops", "")
    assert finding.reasons[0].line == 30


_TWO = """
main: program; exit
other: program; call toy_move; exit
"""


def _two(cleared: tuple[str, ...] = (), **ops: Any) -> dict[str, ProgramVerdict]:
    """Check a program that runs on any kernel beside one for a member that the kernel lacks."""
    obj = in_ops(strong(assemble(_TWO)), {"main": "running", "other": "newer"}, **ops)
    prepared = prepare_object(obj, LoaderChoices(cleared=cleared))
    verdict = check_object(prepared, KernelUnderTest(kernel_facts()))
    return {program.program: program for program in verdict.programs}


def test_a_member_that_the_kernel_lacks_refuses_the_object() -> None:
    # libbpf.c, bpf_map__init_kern_struct_ops(): "Cannot find member %s in kernel BTF", -ENOTSUP
    verdicts = _two()
    assert {item.verdict for item in verdicts.values()} == {REFUSED}
    for verdict in verdicts.values():
        assert _finding(only_finding(verdict)) == ("struct_ops", "")
        assert "Cannot find member newer in kernel BTF" in verdict.findings[0].reasons[0].text
        assert "--cleared newer" in verdict.findings[0].reasons[0].text
    assert verdicts["other"].live_kfuncs == ()


@pytest.mark.parametrize(
    ("struct_ops", "names", "said"),
    [
        (
            "toy_ops",
            ("one", "two"),
            "clears all of them first; if yours does, say so: --cleared one",
        ),
        ("sched_ext_ops", ("sub_attach", "two"), "does with sub_attach in Linux 7.3"),
        ("sched_ext_ops", ("sub_attach", "sub_detach"), "tools/sched_ext does in Linux 7.3"),
    ],
)
def test_members_of_one_map_that_the_kernel_lacks_are_one_reason(
    struct_ops: str, names: tuple[str, str], said: str
) -> None:
    obj = in_ops(strong(assemble(_TWO)), {"main": names[0]}, (), struct_ops, names[1:])
    facts = kernel_facts()
    named = (replace(facts.struct_ops[0], name=struct_ops), *facts.struct_ops[1:])
    kernel = KernelUnderTest(replace(facts, struct_ops=named))
    text = check_object(obj, kernel).programs[0].findings[0].reasons[0].text
    one, two = names
    assert (
        f"ops sets 2 members that {struct_ops} of this kernel does not have ({one} and {two})"
        in text
    )
    assert f"(Cannot find member {one} in kernel BTF)" in text
    assert said in text
    assert text.endswith(f": --cleared {one} --cleared {two}, or in the form of an upload")


def test_of_a_great_many_members_that_the_kernel_lacks_some_are_named() -> None:
    nonzero = tuple(f"member_{number}" for number in range(9_000))
    obj = in_ops(strong(assemble(_TWO)), {"main": "running"}, nonzero=nonzero)
    verdict = check_object(obj, KernelUnderTest(kernel_facts()))
    text = verdict.programs[0].findings[0].reasons[0].text
    assert "ops sets 9000 members that toy_ops of this kernel does not have (member_0, " in text
    assert ", member_58 and 8941 others): libbpf" in text
    assert len(text) < 5_000


@pytest.mark.parametrize("name", ["newer", "ops.newer"])
def test_a_program_whose_member_is_cleared_is_left_out_and_the_others_are_not(name: str) -> None:
    verdicts = _two(cleared=(name,))
    assert verdicts["main"].verdict == PASSES
    assert verdicts["other"].verdict == LEFT_OUT
    assert _finding(only_finding(verdicts["other"])) == ("left_out", "")
    assert verdicts["other"].live_kfuncs == ()


def test_a_member_that_the_kernel_has_is_not_cleared() -> None:
    assert _two(cleared=("newer", "running"))["main"].verdict == PASSES


def test_clearing_what_no_map_has_is_an_error() -> None:
    with pytest.raises(ChoiceError, match="no struct_ops map of this object has a member never"):
        _two(cleared=("never",))


def test_a_map_that_is_made_on_demand_refuses_only_its_own_programs() -> None:
    obj = in_ops(strong(assemble("main: program; exit")), {"main": "newer"})
    maps = tuple(replace(item, optional=True) for item in obj.struct_ops_maps)
    [program] = obj.programs
    programs = (replace(program, kind=program.kind._replace(optional=True)),)
    obj = replace(obj, struct_ops_maps=maps, programs=programs)
    [verdict] = check_object(obj, KernelUnderTest(kernel_facts())).programs
    assert verdict.verdict == REFUSED
    assert "Cannot find member newer" in only_finding(verdict).reasons[0].text


@pytest.mark.parametrize(
    ("member", "text"), [("sub_attach", "SCX_OPS_OPEN()"), ("set_cmask", "if yours does")]
)
def test_the_reason_names_the_loaders_that_clear_the_member(member: str, text: str) -> None:
    facts = kernel_facts()
    ops = replace(facts.struct_ops[0], name="sched_ext_ops")
    obj = in_ops(strong(assemble("main: program; exit")), {"main": member}, struct_ops=ops.name)
    kernel = KernelUnderTest(replace(facts, struct_ops=(ops,)))
    [verdict] = check_object(obj, kernel).programs
    told = only_finding(verdict).reasons[0].text
    assert text in told
    assert ("SCX_OPS_OPEN" in told) == (member == "sub_attach")


def test_a_type_the_kernel_lacks_refuses_the_object() -> None:
    verdict = check(_CALLS, {"main": "running"}, struct_ops="no_such_ops")["main"]
    assert verdict.verdict == REFUSED
    assert {finding.kind for finding in verdict.findings} == {"struct_ops"}


def test_a_value_for_a_member_the_kernel_lacks_refuses_the_object() -> None:
    text = "main: program; exit"
    verdict = check(text, {"main": "running"}, nonzero=("timeout",))["main"]
    assert _finding(only_finding(verdict)) == ("struct_ops", "")
    assert "timeout" in verdict.findings[0].reasons[0].text


def test_a_value_that_is_cleared_refuses_nothing() -> None:
    assert _two(cleared=("newer", "timeout"), nonzero=("timeout",))["main"].verdict == PASSES


def test_one_program_in_two_members_refuses_the_object() -> None:
    obj = in_ops(strong(assemble("main: program; exit")), {"main": "running"})
    [program] = obj.programs
    uses = (*program.struct_ops, StructOpsUse("toy_ops", "enqueue", "ops"))
    twice = _with_uses(obj, uses)
    [verdict] = check_object(twice, KernelUnderTest(kernel_facts())).programs
    assert verdict.verdict == REFUSED
    assert _finding(only_finding(verdict)) == ("struct_ops", "")


def test_one_program_in_the_same_member_of_two_maps_is_fine() -> None:
    obj = in_ops(strong(assemble("main: program; exit")), {"main": "running"})
    [program] = obj.programs
    twice = _with_uses(obj, program.struct_ops * 2)
    [verdict] = check_object(twice, KernelUnderTest(kernel_facts())).programs
    assert verdict.verdict == PASSES


def _with_uses(obj: BpfObject, uses: tuple[StructOpsUse, ...]) -> BpfObject:
    return replace(obj, programs=(replace(obj.programs[0], struct_ops=uses),))
