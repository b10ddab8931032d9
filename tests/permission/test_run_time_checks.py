"""Checks beside masks: what fails for sure, what depends, programs that no op runs, deadlocks."""

from __future__ import annotations

import pytest

from kfmap.kernel.facts import Guard, OpMask, Place, RunTime
from kfmap.kernel.program_facts import OpCircumstances, RunTimeCheck
from kfmap.permission.context import Context
from kfmap.permission.run_time import index_run_time
from kfmap.permission.run_time_checks import RunTimeChecks
from kfmap.permission.run_time_layer import RunTimeLayer

PLACE = Place("kernel/ops.c", 7)
HELD = Place("kernel/core.c", 3)
SYSCALL = Context("BPF_PROG_TYPE_SYSCALL", sleepable=True)
OTHER = Context("BPF_PROG_TYPE_STRUCT_OPS", struct_ops="other_ops", member="init")


def create_checks() -> RunTimeChecks:
    ops = (
        OpCircumstances("toy_ops", "enqueue", "always", "always", "never", "never", (PLACE,)),
        OpCircumstances("toy_ops", "dispatch", "never", "sometimes", "never", "never", (PLACE,)),
        OpCircumstances("toy_ops", "dump", "never", "never", "always", "never", (PLACE,)),
        OpCircumstances("toy_ops", "exit", "never", "never", "never", "always", (PLACE,)),
        OpCircumstances("toy_ops", "move", "always", None, "never", "sometimes", (PLACE,), HELD),
    )
    asked = {"group": "task", "print": "dump", "rq": "locked_rq", "idle": "idle"}
    checks: dict[str, tuple[RunTimeCheck, ...]] = {
        kfunc: (RunTimeCheck(kfunc, asks, True, "no", ((kfunc, PLACE),)),)
        for kfunc, asks in asked.items()
    }
    checks["pick"] = (RunTimeCheck("pick", "task", False, "no", (("pick", PLACE),)),)
    checks["shift"] = (RunTimeCheck("shift", "rq_lock", False, "", (("shift", PLACE),)),)
    return RunTimeChecks(
        checks, {(op.struct_ops, op.member): op for op in ops}, frozenset({"toy_ops"})
    )


CHECKS = create_checks()


def ask(member: str, kfunc: str) -> str | None:
    return CHECKS.decide(_member(member), kfunc)[0]


@pytest.mark.parametrize(
    ("kfunc", "enqueue", "dispatch", "dump", "exit_"),
    [
        ("group", "allowed", "fails", "fails", "fails"),
        ("print", "fails", "fails", "allowed", "fails"),
        ("rq", "allowed", None, "fails", "fails"),
        ("idle", None, None, None, "fails"),
        ("pick", None, None, None, None),
        ("shift", None, None, None, None),
        ("free", None, None, None, None),
    ],
)
def test_a_check_fails_where_what_it_asks_never_holds(
    kfunc: str, enqueue: str | None, dispatch: str | None, dump: str | None, exit_: str | None
) -> None:
    found = [ask(member, kfunc) for member in ("enqueue", "dispatch", "dump", "exit")]
    assert found == [enqueue, dispatch, dump, exit_]


def test_what_is_not_known_of_an_op_is_not_judged() -> None:
    assert ask("move", "rq") is None
    assert ask("move", "idle") is None
    assert ask("absent", "rq") is None


@pytest.mark.parametrize("context", [SYSCALL, OTHER], ids=["syscall", "other struct_ops"])
def test_programs_that_no_op_runs_have_no_task_no_dump_and_no_rq(context: Context) -> None:
    found = [CHECKS.decide(context, kfunc)[0] for kfunc in ("group", "print", "rq", "idle")]
    assert found == ["fails", "fails", "fails", None]


def test_other_programs_are_not_judged_but_the_check_is_said() -> None:
    answer, reasons = CHECKS.decide(Context("BPF_PROG_TYPE_TRACING"), "group")
    assert answer is None
    assert [item.rule for item in reasons] == ["run_time_condition"]
    assert "that depends on what the task is doing" in reasons[0].text


def test_a_failure_has_two_halves_each_with_its_line() -> None:
    _, reasons = CHECKS.decide(_member("dispatch"), "group")
    assert [(item.rule, item.file, item.line) for item in reasons] == [
        ("run_time_op", "kernel/ops.c", 7),
        ("run_time_check", "kernel/ops.c", 7),
    ]
    assert reasons[0].text == "the kernel's call of toy_ops.dispatch records no task"
    assert reasons[1].text == (
        'group fails: its task must be one that the op is called for (the kernel then says "no")'
    )


def test_a_task_check_that_may_pass_names_its_condition() -> None:
    _, reasons = CHECKS.decide(_member("enqueue"), "group")
    assert [item.text for item in reasons] == ["only for a task that is an argument of the op"]


def test_an_unsure_check_is_said_and_decides_nothing() -> None:
    answer, reasons = CHECKS.decide(_member("dispatch"), "pick")
    assert answer is None
    assert reasons[0].text == (
        "pick checks in some cases that its task is one that the op is called for"
        ' (else the kernel says "no")'
    )


def test_kernels_without_ops_say_nothing_of_programs_that_no_op_runs() -> None:
    checks = RunTimeChecks({}, {}, frozenset())
    assert not checks.runs_bare(SYSCALL)
    assert checks.decide(SYSCALL, "group") == (None, [])


def test_a_lock_that_is_held_already_is_warned_of_where_the_call_passes() -> None:
    layer = create_layer()
    answer, reasons = layer.decide(_member("move"), "shift")
    assert answer == "allowed"
    assert reasons[-1].rule == "run_time_deadlock"
    assert "kernel/core.c:3" in reasons[-1].text
    assert all(
        item.rule != "run_time_deadlock" for item in layer.decide(_member("exit"), "shift")[1]
    )


def test_a_failing_mask_comes_before_other_checks() -> None:
    answer, reasons = create_layer().decide(_member("exit"), "group")
    assert answer == "fails"
    assert "run_time_check" not in {item.rule for item in reasons}


def test_a_passing_mask_leaves_the_other_checks() -> None:
    answer, reasons = create_layer().decide(_member("dispatch"), "group")
    assert answer == "fails"
    assert [item.rule for item in reasons] == [
        "run_time_mask",
        "run_time_guard",
        "run_time_op",
        "run_time_check",
    ]


def test_the_condition_on_the_task_is_said_once() -> None:
    _, reasons = create_layer().decide(_member("enqueue"), "group")
    assert [item.rule for item in reasons].count("run_time_task") == 1


def test_no_mask_is_in_force_for_programs_that_no_op_runs() -> None:
    layer = create_layer()
    assert [layer.decide(SYSCALL, kfunc)[0] for kfunc in ("group", "shift")] == ["fails", "allowed"]
    assert layer.decide(SYSCALL, "free") == (None, [])


def test_what_fails_in_a_context_is_listed() -> None:
    layer = create_layer()
    assert sorted(layer.find_failing(_member("dispatch"))) == ["group", "print"]
    assert sorted(layer.find_failing(SYSCALL)) == ["group", "print", "rq"]
    assert list(layer.find_failing(Context("BPF_PROG_TYPE_TRACING"))) == []


def create_layer() -> RunTimeLayer:
    masks = {"enqueue": 4, "dispatch": 2, "dump": 0, "exit": 0, "move": 0}
    run_time = RunTime(
        bits=(),
        ops=tuple(OpMask("toy_ops", name, mask, (PLACE,)) for name, mask in masks.items()),
        guards=(
            Guard("group", 6, False, (("group", PLACE),), task_argument=True),
            Guard("shift", 2, True, (("shift", PLACE),)),
        ),
        boundary_bits=(),
        place=PLACE,
    )
    return RunTimeLayer(index_run_time(run_time), CHECKS)


def _member(name: str) -> Context:
    return Context("BPF_PROG_TYPE_STRUCT_OPS", struct_ops="toy_ops", member=name)
