"""Checks that kfuncs make on each call beside masks: task, dump, locked rq, idle tracking.

What holds while an op runs was read from the places that call it. Programs that no op calls
(`BPF_PROG_TYPE_SYSCALL`, other struct_ops types) run where nothing of it holds; what else runs
programs is not told at load time.
"""

from __future__ import annotations

from kfmap.kernel.facts import KernelFacts, Place
from kfmap.kernel.program_facts import (
    ALWAYS,
    DUMP,
    IDLE,
    LOCKED_RQ,
    NEVER,
    RQ_LOCK,
    RQ_TASK,
    TASK,
    OpCircumstances,
    RunTimeCheck,
)
from kfmap.permission.context import Context
from kfmap.permission.context_words import SYSCALL
from kfmap.permission.verdict import ALLOWED, FAILS, Reason, Step, give_reason
from kfmap.permission.view import STRUCT_OPS_TYPE
from kfmap.quick_dataclass import dataclass

# What a check asks for, and how a call of an op is that never gives it.
_WANTS = {
    TASK: ("its task must be one that the op is called for", "records no task"),
    DUMP: ("a dump must be under way", "is no part of a dump"),
    LOCKED_RQ: ("the lock of an rq must be held", "locks no rq"),
    RQ_TASK: ("its task must be on the rq that is locked", "locks no rq"),
    IDLE: (
        "built-in idle tracking must be on",
        "comes after built-in idle tracking is switched off",
    ),
}
_OWN_TASK = "only for a task that is an argument of the op"


@dataclass(frozen=True, slots=True)
class RunTimeChecks:
    """The checks of one kernel, indexed; `ops`: what holds while each op is called."""

    checks: dict[str, tuple[RunTimeCheck, ...]]
    ops: dict[tuple[str, str], OpCircumstances]
    types: frozenset[str]

    def decide(self, context: Context, kfunc: str) -> tuple[str | None, list[Reason]]:
        """Return ALLOWED or FAILS for a call straight from this context; None: it depends."""
        checks = [item for item in self.checks.get(kfunc, ()) if item.asks != RQ_LOCK]
        if not checks:
            return None, []
        op = self.ops.get((context.struct_ops or "", context.member or ""))
        if op is None and not self.runs_bare(context):
            return None, [_explain_outside(check) for check in checks if check.sure]
        failure = self.find_failure(op, context.struct_ops or context.program_type, kfunc)
        if failure:
            return FAILS, failure
        reasons: list[Reason] = []
        passes = True
        for check in checks:
            given = _how_given(op, check.asks)
            if given == ALWAYS and check.asks == TASK and check.sure:
                reasons.append(give_reason(Step.RUN_TIME_TASK, _OWN_TASK, _place(check)))
            elif given != ALWAYS or not check.sure:
                reasons.append(_explain_condition(check))
                passes = False
        return (ALLOWED if passes else None), reasons

    def find_failure(self, op: OpCircumstances | None, what: str, kfunc: str) -> list[Reason]:
        """Return why a call surely fails in an op, or in what no op runs: nothing if it may pass.

        The reasons are the two halves: how the op is called, what the check wants.
        """
        check = self.find_failing_check(op, kfunc)
        return [_explain_call(op, check.asks, what), _explain(check)] if check else []

    def find_failing_check(self, op: OpCircumstances | None, kfunc: str) -> RunTimeCheck | None:
        """Return the first check that a call surely fails, in an op or in what no op runs."""
        for check in self.checks.get(kfunc, ()):
            if check.sure and check.asks in _WANTS and _how_given(op, check.asks) == NEVER:
                return check
        return None

    def runs_bare(self, context: Context) -> bool:
        """Return whether programs of a context run where no op does: masks are 0, too."""
        if not self.ops:
            return False
        if context.program_type == STRUCT_OPS_TYPE:
            return bool(context.struct_ops) and context.struct_ops not in self.types
        return context.program_type == SYSCALL

    def find_deadlock(self, context: Context, kfunc: str) -> list[Reason]:
        """Return the warning that a call takes a lock which the caller of the op holds.

        That is for calls that pass with no mask in force.
        """
        op = self.ops.get((context.struct_ops or "", context.member or ""))
        taken = next((c for c in self.checks.get(kfunc, ()) if c.asks == RQ_LOCK), None)
        if op is None or op.lock is None or taken is None:
            return []
        text = (
            f"{_way(taken)} takes the lock of the task's rq, which is held when the kernel calls"
            f" {op.struct_ops}.{op.member} ({op.lock}): the call deadlocks"
        )
        return [give_reason(Step.RUN_TIME_DEADLOCK, text, taken.path[-1][1])]


def index_run_time_checks(facts: KernelFacts) -> RunTimeChecks:
    """Index the checks of a kernel; it may have none."""
    checks: dict[str, tuple[RunTimeCheck, ...]] = {}
    for item in facts.run_time_checks:
        checks[item.kfunc] = (*checks.get(item.kfunc, ()), item)
    ops = {(op.struct_ops, op.member): op for op in facts.op_circumstances}
    return RunTimeChecks(checks, ops, frozenset(name for name, _ in ops))


def _how_given(op: OpCircumstances | None, asks: str) -> str | None:
    """Return ALWAYS, SOMETIMES or NEVER for what a check asks; None where that is not known.

    Idle tracking is surely off at times, and never surely on: schedulers may do without it. Which
    rq a task is on changes.
    """
    if asks == IDLE:
        return NEVER if op is not None and op.idle_off == ALWAYS else None
    if asks == RQ_TASK:
        return None
    if op is None:
        return NEVER
    return {TASK: op.tasks, DUMP: op.dumping, LOCKED_RQ: op.locked_rq}[asks]


def _explain_call(op: OpCircumstances | None, asks: str, what: str) -> Reason:
    if op is None:
        return give_reason(Step.RUN_TIME_OP, f"no op of the scheduler runs {what}")
    text = f"the kernel's call of {op.struct_ops}.{op.member} {_WANTS[asks][1]}"
    return give_reason(Step.RUN_TIME_OP, text, op.places[0] if op.places else None)


def _explain(check: RunTimeCheck) -> Reason:
    said = f' (the kernel then says "{check.message}")' if check.message else ""
    text = f"{_way(check)} fails: {_WANTS[check.asks][0]}{said}"
    return give_reason(Step.RUN_TIME_CHECK, text, _place(check))


def _explain_condition(check: RunTimeCheck) -> Reason:
    when = "on each call" if check.sure else "in some cases"
    else_says = f' (else the kernel says "{check.message}")' if check.message else ""
    text = f"{_way(check)} checks {when} that {_state(check)}{else_says}"
    return give_reason(Step.RUN_TIME_CONDITION, text, _place(check))


def _explain_outside(check: RunTimeCheck) -> Reason:
    text = f"{_explain_condition(check).text}; that depends on what the task is doing"
    return give_reason(Step.RUN_TIME_CONDITION, text, _place(check))


def _state(check: RunTimeCheck) -> str:
    return _WANTS[check.asks][0].replace(" must be ", " is ")


def _way(check: RunTimeCheck) -> str:
    return " → ".join(function for function, _ in check.path) or check.kfunc


def _place(check: RunTimeCheck) -> Place | None:
    return check.path[-1][1] if check.path else None
