"""Programs on a kernel that was booted and asked, and whose source nobody read."""

from __future__ import annotations

import pytest

from tests.verifier.bundled import bundled_kernel, check_on
from tests.verifier.engine.flow.assembly import assemble
from verifier.engine.judging.interview import Interview
from verifier.engine.judging.program import ObjectJudge
from verifier.engine.result import FindingKind
from verifier.engine.verdict import prepare_object

KERNELS = ("6.16", "7.0")


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("name", ["members.bpf.o", "outcomes.bpf.o", "program_helpers.bpf.o"])
def test_no_program_passes_and_none_is_refused_by_a_rule_that_nobody_read(
    kernel: str, name: str
) -> None:
    """Maps, targets, helpers and struct_ops members take rules: each program is unknown."""
    assert bundled_kernel(kernel).facts.is_observed
    for verdict in check_on(kernel, name).values():
        assert verdict.verdict == "unknown"
        (finding,) = verdict.findings
        assert "only permissions are known" in finding.reasons[0].text
        assert "ask-kernel" in finding.suggestion


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(
    ("name", "program", "kind"),
    [
        ("bare.bpf.o", "bare", FindingKind.MISSING),
        ("externs.bpf.o", "forward", FindingKind.PROTOTYPE),
    ],
)
def test_what_its_types_lack_or_have_otherwise_is_refused(
    kernel: str, name: str, program: str, kind: FindingKind
) -> None:
    verdict = check_on(kernel, name)[program]
    assert (verdict.verdict, verdict.findings[0].kind) == ("refused", kind)


@pytest.mark.parametrize("kernel", KERNELS)
def test_nothing_is_walked_exactly_for_what_is_not_told(kernel: str) -> None:
    """That nothing is known of a call is no finding here, so it need not be settled whether the
    call is live: on a scheduler that took four fifths of the time of all kernels."""
    prepared = prepare_object(
        assemble(
            "main: program; call 7; r7 = 0; if r0 == 0 goto a; r7 = 1; a: ; if r7 == 0 goto x;"
            " call bpf_rcu_read_lock; x: ; r0 = 2; exit"
        )
    )
    judge = ObjectJudge(prepared, Interview(prepared, bundled_kernel(kernel)))
    judge.kernel.begin()
    judge.judge(0)
    assert judge.engines.walks == 1
