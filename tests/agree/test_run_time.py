"""The run-time masks of the bundled kernels, beside what was read from their sources by hand."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from kfmap.kernel.facts import RunTime
from kfmap.kernel.program_facts import OpCircumstances
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from tests.agree.truth import read_bundled

CPU_RELEASE, DISPATCH, ENQUEUE, SELECT_CPU, REST, RQ_LOCKED = 1, 2, 4, 8, 16, 31
_REST = """
    runnable running stopping quiescent dequeue yield tick enable disable set_weight set_cpumask
    update_idle exit_task dump_cpu dump_task cpu_acquire
"""
_UNLOCKED = """
    init exit init_task dump cpu_online cpu_offline cgroup_init cgroup_exit cgroup_prep_move
    cgroup_cancel_move cgroup_move cgroup_set_weight
"""
OPS = {
    "select_cpu": ENQUEUE | SELECT_CPU,
    "enqueue": ENQUEUE,
    "dispatch": DISPATCH,
    "cpu_release": CPU_RELEASE,
    **dict.fromkeys(_UNLOCKED.split(), 0),
    **dict.fromkeys(_REST.split(), REST),
}
# Ops that only some of these kernels call: by option, or by release.
OPS_OF = {
    "6.12-all": {"core_sched_before": REST},
    "6.17": {"cgroup_set_bandwidth": 0},
    "6.18": {"cgroup_set_bandwidth": 0},
    "6.19": {"cgroup_set_bandwidth": 0, "cgroup_set_idle": 0},
}
# (mask, whether no mask will do, whether the task must be an argument of the op)
_OLDER = {
    "scx_bpf_dispatch": (ENQUEUE | DISPATCH, False, False),
    "scx_bpf_dispatch_vtime": (ENQUEUE | DISPATCH, False, False),
    "scx_bpf_dispatch_nr_slots": (DISPATCH, False, False),
    "scx_bpf_dispatch_cancel": (DISPATCH, False, False),
    "scx_bpf_consume": (DISPATCH, False, False),
    "scx_bpf_dispatch_from_dsq": (DISPATCH, True, False),
    "scx_bpf_dispatch_vtime_from_dsq": (DISPATCH, True, False),
    "scx_bpf_reenqueue_local": (CPU_RELEASE, False, False),
    "scx_bpf_select_cpu_dfl": (SELECT_CPU, False, False),
    "scx_bpf_task_cgroup": (RQ_LOCKED, False, True),
}
_NEWER = {
    "scx_bpf_dsq_insert": (ENQUEUE | DISPATCH, False, False),
    "scx_bpf_dsq_insert_vtime": (ENQUEUE | DISPATCH, False, False),
    "scx_bpf_dispatch_nr_slots": (DISPATCH, False, False),
    "scx_bpf_dispatch_cancel": (DISPATCH, False, False),
    "scx_bpf_dsq_move_to_local": (DISPATCH, False, False),
    "scx_bpf_dsq_move": (DISPATCH, True, False),
    "scx_bpf_dsq_move_vtime": (DISPATCH, True, False),
    "scx_bpf_reenqueue_local": (CPU_RELEASE, False, False),
    "scx_bpf_select_cpu_dfl": (SELECT_CPU | ENQUEUE, True, False),
    "scx_bpf_select_cpu_and": (SELECT_CPU | ENQUEUE, True, False),
    "scx_bpf_task_cgroup": (RQ_LOCKED, False, True),
}
GUARDS = {
    "6.12-all": _OLDER,
    "6.17": _NEWER,
    "6.18": _NEWER,
    "6.19": {
        **_NEWER,
        "scx_bpf_dsq_insert___v2": (ENQUEUE | DISPATCH, False, False),
        "__scx_bpf_dsq_insert_vtime": (ENQUEUE | DISPATCH, False, False),
        "__scx_bpf_select_cpu_and": (SELECT_CPU | ENQUEUE, True, False),
    },
}
# Ops in which a call fails beside masks, as seen by calling each from each op of 6.17 to 6.19.
_DUMPING = {"dump", "dump_cpu", "dump_task"}
_WITHOUT_TASK = {"dispatch", "update_idle", "cpu_acquire", "cpu_release", "dump_cpu", "dump_task"}
_LATER_OPS = {"cgroup_set_bandwidth", "cgroup_set_idle"}
_WITHOUT_RQ = {*_UNLOCKED.split(), *_LATER_OPS, "select_cpu", "dump_cpu", "dump_task"}
KERNELS = pytest.mark.parametrize("kernel", GUARDS)


@KERNELS
def test_ops_run_under_the_masks_of_their_call_sites(kernel: str) -> None:
    assert {op.member: op.mask for op in _run_time(kernel).ops} == {**OPS, **OPS_OF[kernel]}


@KERNELS
def test_kfuncs_check_for_the_masks_of_their_source(kernel: str) -> None:
    found = {g.kfunc: (g.mask, g.unlocked, g.task_argument) for g in _run_time(kernel).guards}
    assert found == GUARDS[kernel]


@KERNELS
def test_nesting_is_bounded_for_release_and_dispatch(kernel: str) -> None:
    assert _run_time(kernel).boundary_bits == ("SCX_KF_CPU_RELEASE", "SCX_KF_DISPATCH")


@pytest.mark.parametrize("kernel", ["6.1", "6.12", "7.1", "7.2", "7.3", "7.3-all"])
def test_kernels_that_decide_at_load_time_have_no_masks(kernel: str) -> None:
    assert read_bundled(kernel).run_time is None


@pytest.mark.parametrize(
    ("kernel", "cells", "failing"),
    [
        # By mask: 2 × 30, 3 × 32, 2 × 20, 32, 32 and 12 ops; then by other checks.
        ("6.12-all", 33 * 38, 272 + 30 + 6 + 4),
        # By mask: 2 × 30, 3 × 32, 2 × 19, 32, 2 × 18 and 13 ops; then by other checks.
        ("6.18", 33 * 49, 275 + 30 + 16 + 6 + 10),
    ],
)
def test_answers_have_the_run_time_layer_for_every_op(
    kernel: str, cells: int, failing: int
) -> None:
    decider = Decider(read_bundled(kernel))
    run_time = _run_time(kernel)
    kfuncs = [k.name for k in decider.facts.kfuncs if "scx" in k.name]
    answers = [
        decider.decide(
            Context("BPF_PROG_TYPE_STRUCT_OPS", struct_ops=op.struct_ops, member=op.member), name
        ).run_time
        for op in run_time.ops
        for name in kfuncs
    ]
    assert (len(answers), answers.count("fails")) == (cells, failing)


@KERNELS
def test_other_checks_fail_where_running_them_failed(kernel: str) -> None:
    around = _around(kernel)
    assert {name for name, op in around.items() if op.dumping != "never"} == _DUMPING
    assert {name for name, op in around.items() if op.idle_off != "never"} == {"exit"}
    failing = _failing(kernel, "scx_bpf_task_cgroup", around)
    masked = {name for name in around if _run_time_mask(kernel, name)}
    assert failing & masked == _WITHOUT_TASK
    assert failing - masked == set(around) - masked
    assert _failing(kernel, "scx_bpf_dump_bstr", around) == set(around) - _DUMPING
    idle = "scx_bpf_test_and_clear_cpu_idle"
    assert _failing(kernel, idle, around) == {"exit"}


@pytest.mark.parametrize("kernel", ["6.18", "6.19"])
def test_no_rq_is_locked_in_these_ops(kernel: str) -> None:
    around = _around(kernel)
    assert _failing(kernel, "scx_bpf_locked_rq", around) == _WITHOUT_RQ & set(around)


@pytest.mark.parametrize("kernel", ["7.1", "7.2", "7.3", "7.3-all"])
def test_newer_kernels_check_for_the_task_in_ops_that_have_none(kernel: str) -> None:
    failing = _failing(kernel, "scx_bpf_task_cgroup", _around(kernel))
    assert failing > {*_WITHOUT_TASK, "init_task", "cgroup_prep_move", "init", "exit"}
    assert failing.isdisjoint({"enqueue", "select_cpu", "cgroup_move", "running"})


@KERNELS
def test_moves_from_cgroup_move_are_said_to_deadlock(kernel: str) -> None:
    decider = Decider(read_bundled(kernel))
    old = kernel == "6.12-all"
    move = "scx_bpf_dispatch_from_dsq" if old else "scx_bpf_dsq_move"
    for member, warned in (("cgroup_move", True), ("init", False), ("dispatch", False)):
        rules = {item.rule for item in decider.decide(_member(member), move).reasons}
        assert ("run_time_deadlock" in rules) is warned, member
    assert all(op.lock is None for op in read_bundled("7.2").op_circumstances)


@KERNELS
def test_programs_that_no_op_runs_fail_the_checks(kernel: str) -> None:
    decider = Decider(read_bundled(kernel))
    syscall = Context("BPF_PROG_TYPE_SYSCALL", sleepable=True)
    failing = set(decider.run_time_layer.find_failing(syscall))
    assert {"scx_bpf_task_cgroup", "scx_bpf_dump_bstr"} <= failing
    assert "scx_bpf_test_and_clear_cpu_idle" not in failing
    dummy = Context("BPF_PROG_TYPE_STRUCT_OPS", struct_ops="bpf_dummy_ops", member="test_1")
    assert "scx_bpf_reenqueue_local" in set(decider.run_time_layer.find_failing(dummy))


def _around(kernel: str) -> dict[str, OpCircumstances]:
    found = read_bundled(kernel).op_circumstances
    return {op.member: op for op in found if op.struct_ops == "sched_ext_ops"}


def _failing(kernel: str, kfunc: str, members: Iterable[str]) -> set[str]:
    layer = Decider(read_bundled(kernel)).run_time_layer
    return {name for name in members if layer.decide(_member(name), kfunc)[0] == "fails"}


def _run_time_mask(kernel: str, member: str) -> int:
    return next(op.mask for op in _run_time(kernel).ops if op.member == member)


def _member(name: str) -> Context:
    return Context("BPF_PROG_TYPE_STRUCT_OPS", struct_ops="sched_ext_ops", member=name)


def _run_time(kernel: str) -> RunTime:
    run_time = read_bundled(kernel).run_time
    assert run_time is not None
    return run_time
