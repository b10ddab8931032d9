"""Checks that kernels make on each call, on own small objects: whose task, whose rq.

From 7.1 on no mask is left; scx_kf_arg_task_ok() and select_cpu_from_kfunc() (kernel/sched/ext.c
and ext_idle.c, kernel/sched/ext/ from 7.2 on) still check what a kfunc is given.
"""

from __future__ import annotations

import pytest

from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from tests.agree.truth import read_bundled
from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.judging.toy import in_ops, only_finding
from verifier.engine.object.model import BpfObject
from verifier.engine.result import FAILS_AT_RUN_TIME, PASSES, ProgramVerdict
from verifier.engine.verdict import KernelUnderTest, check_object

_OPS = "sched_ext_ops"
_GROUP = "scx_bpf_task_cgroup"
_KERNELS = pytest.mark.parametrize("kernel", ["7.1", "7.3"])
_OWN_TASK = "main: program; r1 = *(u64 *)(r1 + 0); call {kfunc}; r0 = 0; exit"
# An op's program, and what it calls: each comes to the same check.
_WAYS = {
    "straight": _OWN_TASK,
    "static function": """
        main: program; r1 = *(u64 *)(r1 + 0); call below; r0 = 0; exit
        below: static; call {kfunc}; r0 = 0; exit
    """,
    "global function": """
        main: program; r1 = *(u64 *)(r1 + 0); call below; r0 = 0; exit
        below: global; call {kfunc}; r0 = 0; exit
    """,
    "callback of a loop": """
        main: program; r1 = 4; r2 = &turn; r3 = 0; r4 = 0; call 181; r0 = 0; exit
        turn: static; call {kfunc}; r0 = 0; exit
    """,
    "one of two tasks": """
        main: program; r2 = *(u64 *)(r1 + 8); if r2 == 0 goto own; r1 = 7; call bpf_task_from_pid
        if r0 == 0 goto none; r6 = r0; r1 = r6; call {kfunc}; r1 = r6; call bpf_task_release
        none: ; r0 = 0; exit
        own: ; r1 = *(u64 *)(r1 + 0); call {kfunc}; r0 = 0; exit
    """,
}


def _check(kernel: str, text: str, member: str) -> ProgramVerdict:
    return _judge(kernel, in_ops(assemble(text), {"main": member}, struct_ops=_OPS))


def _judge(kernel: str, obj: BpfObject) -> ProgramVerdict:
    return check_object(obj, KernelUnderTest(read_bundled(kernel))).programs[0]


_BARE = ("update_idle", "cpu_release", "dump_task", "init_task", "cgroup_prep_move", "exit")


@_KERNELS
@pytest.mark.parametrize(
    ("way", "member"),
    [*((way, "dispatch") for way in _WAYS), *(("straight", member) for member in _BARE)],
)
def test_a_task_check_stays_where_the_op_records_no_task(
    kernel: str, way: str, member: str
) -> None:
    """The kernels' own answer, even for the task that the op is given (27 cells of 7.1.13)."""
    verdict = _check(kernel, _WAYS[way].format(kfunc=_GROUP), member)
    assert verdict.verdict == FAILS_AT_RUN_TIME
    for finding in verdict.findings:
        said = {reason.rule: reason.text for reason in finding.reasons}
        assert said["run_time_op"] == f"the kernel's call of {_OPS}.{member} records no task"
        assert said["run_time_check"] == (
            f"{_GROUP} → scx_kf_arg_task_ok fails: its task must be one that the op is called for"
            ' (the kernel then says "called on a task not being operated on")'
        )
    finding = verdict.findings[0]
    assert f"struct_ops:{_OPS}.enqueue" in finding.legal_in
    assert f"struct_ops:{_OPS}.{member}" not in finding.legal_in


@_KERNELS
@pytest.mark.parametrize(
    ("way", "member"),
    [*((way, "enqueue") for way in _WAYS), ("straight", "select_cpu"), ("straight", "cgroup_move")],
)
def test_a_task_check_may_pass_where_the_op_records_its_task(
    kernel: str, way: str, member: str
) -> None:
    assert _check(kernel, _WAYS[way].format(kfunc=_GROUP), member).verdict == PASSES


@_KERNELS
def test_a_timer_records_no_task(kernel: str) -> None:
    text = f"""
        main: program; r1 = &map; r2 = &later; call 170; r0 = 0; exit
        later: static; call {_GROUP}; r0 = 0; exit
    """
    verdict = _check(kernel, text, "enqueue")
    assert verdict.verdict == FAILS_AT_RUN_TIME
    assert "timer" in only_finding(verdict).reasons[0].text


@_KERNELS
@pytest.mark.parametrize("kfunc", ["scx_bpf_select_cpu_dfl", "__scx_bpf_select_cpu_and"])
@pytest.mark.parametrize("member", ["select_cpu", "enqueue", "init_task"])
def test_selecting_a_cpu_for_another_task_is_no_refusal_and_said(
    kernel: str, kfunc: str, member: str
) -> None:
    """Which task it is given shows as it runs: in select_cpu that of the op, elsewhere one on the
    rq that is locked ("select_cpu kfunc called cross-task on …")."""
    context = Context("BPF_PROG_TYPE_STRUCT_OPS", struct_ops=_OPS, member=member)
    verdict = Decider(read_bundled(kernel)).decide(context, kfunc)
    assert verdict.run_time is None
    way = f"{kfunc} → select_cpu_from_kfunc"
    texts = [reason.text for reason in verdict.reasons if reason.rule == "run_time_condition"]
    assert texts[1:] == [
        f"{way} checks in some cases that its task is on the rq that is locked"
        ' (else the kernel says "select_cpu kfunc called cross-task on %s[%d]")',
        f"{way} → scx_kf_arg_task_ok checks in some cases that its task is one that the op is"
        ' called for (else the kernel says "called on a task not being operated on")',
    ]


@_KERNELS
@pytest.mark.parametrize("way", _WAYS)
def test_a_program_that_selects_a_cpu_for_another_task_passes(kernel: str, way: str) -> None:
    text = _WAYS[way].format(kfunc="scx_bpf_select_cpu_dfl")
    assert _check(kernel, text, "enqueue").verdict == PASSES
