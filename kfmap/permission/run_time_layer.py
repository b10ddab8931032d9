"""What the kernel checks on each call of a kfunc: masks, and the other checks beside them."""

from __future__ import annotations

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context import Context
from kfmap.permission.run_time import RunTimeMasks, index_run_time
from kfmap.permission.run_time_checks import RunTimeChecks, index_run_time_checks
from kfmap.permission.verdict import FAILS, Reason, Step
from kfmap.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class RunTimeLayer:
    """The run-time answers of one kernel; `masks` is None where it decides at load time."""

    masks: RunTimeMasks | None
    checks: RunTimeChecks

    def decide(self, context: Context, kfunc: str) -> tuple[str | None, list[Reason]]:
        """Return ALLOWED or FAILS for a call straight from a context; None: nothing is said."""
        answer, reasons = self._decide_mask(context, kfunc)
        if answer == FAILS:
            return answer, reasons
        checked, steps = self.checks.decide(context, kfunc)
        if checked == FAILS:
            return checked, [item for item in reasons if item.rule != Step.RUN_TIME_TASK] + steps
        said = {item.rule for item in reasons}
        reasons += [
            item for item in steps if item.rule != Step.RUN_TIME_TASK or item.rule not in said
        ]
        if self._passes_unlocked(context, kfunc):
            reasons += self.checks.find_deadlock(context, kfunc)
        return answer or checked, reasons

    def find_failure(self, what: str, kfunc: str) -> list[Reason]:
        """Return why a call fails in what runs where no op does, such as a timer's callback."""
        answer, reasons = self.masks.decide_bare(what, kfunc) if self.masks else (None, [])
        return reasons if answer == FAILS else self.checks.find_failure(None, what, kfunc)

    def find_failing(self, context: Context) -> list[str]:
        """Return the kfuncs whose calls surely fail in a context: `decide` without its reasons."""
        place = (context.struct_ops or "", context.member or "")
        is_bare, op = self.checks.runs_bare(context), self.checks.ops.get(place)
        checked = self.checks.checks if is_bare or op is not None else {}
        failing = {kfunc for kfunc in checked if self.checks.find_failing_check(op, kfunc)}
        guarded = self.masks.guards if self.masks is not None else {}
        if self.masks is not None and (is_bare or place in self.masks.ops):
            failing.update(self.masks.find_failing(0 if is_bare else self.masks.ops[place].mask))
        return [kfunc for kfunc in {**guarded, **checked} if kfunc in failing]

    def _decide_mask(self, context: Context, kfunc: str) -> tuple[str | None, list[Reason]]:
        if self.masks is None:
            return None, []
        if self.checks.runs_bare(context):
            return self.masks.decide_bare(context.struct_ops or context.program_type, kfunc)
        return self.masks.decide(context, kfunc)

    def is_told(self, context: Context) -> bool:
        """Return whether it is known what holds while programs of a context run."""
        op = (context.struct_ops or "", context.member or "")
        of_masks = self.masks is not None and op in self.masks.ops
        return of_masks or op in self.checks.ops or self.checks.runs_bare(context)

    def _passes_unlocked(self, context: Context, kfunc: str) -> bool:
        if self.masks is None:
            return False
        op = self.masks.ops.get((context.struct_ops or "", context.member or ""))
        guard = self.masks.guards.get(kfunc)
        return op is not None and op.mask == 0 and guard is not None and guard.unlocked


def index_run_time_layer(facts: KernelFacts) -> RunTimeLayer:
    """Index what a kernel checks on each call."""
    return RunTimeLayer(index_run_time(facts.run_time), index_run_time_checks(facts))
