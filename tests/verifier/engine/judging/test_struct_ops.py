"""struct_ops objects that do not fit the kernel: told as such, never as a matter of a kfunc."""

from __future__ import annotations

from dataclasses import replace

from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.judging.toy import check, in_ops, kernel_facts, only_finding, strong
from verifier.engine.object.model import BpfObject, StructOpsUse
from verifier.engine.result import PASSES, REFUSED, Finding
from verifier.engine.verdict import KernelUnderTest, check_object

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


def test_a_member_the_kernel_lacks_is_left_out() -> None:
    verdict = check(_CALLS, {"main": "no_such_member"})["main"]
    assert verdict.verdict == PASSES
    assert _finding(only_finding(verdict)) == ("struct_ops", "")
    assert verdict.live_kfuncs == ()


def test_a_type_the_kernel_lacks_refuses_the_object() -> None:
    verdict = check(_CALLS, {"main": "running"}, struct_ops="no_such_ops")["main"]
    assert verdict.verdict == REFUSED
    assert {finding.kind for finding in verdict.findings} == {"struct_ops"}


def test_a_value_for_a_member_the_kernel_lacks_refuses_the_object() -> None:
    text = "main: program; exit"
    verdict = check(text, {"main": "running"}, nonzero=("timeout",))["main"]
    assert _finding(only_finding(verdict)) == ("struct_ops", "")
    assert "timeout" in verdict.findings[0].reasons[0].text


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
