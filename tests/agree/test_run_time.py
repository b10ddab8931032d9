"""The run-time masks of the bundled kernels, beside what was read from their sources by hand."""

from __future__ import annotations

import pytest

from kfmap.kernel.facts import RunTime
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
        # Ops in which they fail: 2 × 30, 3 × 32, 2 × 20, 32, 32 and 12.
        ("6.12-all", 33 * 38, 272),
        # Ops in which they fail: 2 × 30, 3 × 32, 2 × 19, 32, 2 × 18 and 13.
        ("6.18", 33 * 49, 275),
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


def _run_time(kernel: str) -> RunTime:
    run_time = read_bundled(kernel).run_time
    assert run_time is not None
    return run_time
