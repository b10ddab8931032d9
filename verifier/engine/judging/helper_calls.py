"""What a kernel says to a live call of a helper: do programs of this type get it, may it sleep
here, may it be called within this.

Mirrors check_helper_call() of kernel/bpf/verifier.c.
"""

from __future__ import annotations

from kfmap.permission.helper_names import helper_name
from kfmap.permission.verdict import give_reason
from verifier.engine.flow.reach import LiveHelper
from verifier.engine.judging.asking import Memory
from verifier.engine.judging.calls import asleep
from verifier.engine.judging.interview import Interview
from verifier.engine.judging.problem import Objection, Problem, path_problem
from verifier.engine.judging.regions import helper_problem
from verifier.engine.result import FindingKind


class HelperJudge:
    """Judges the live calls of helpers in one context on one kernel; `sleepable`: programs may
    sleep in it."""

    def __init__(self, kernel: Interview, context: int, sleepable: bool) -> None:
        self._kernel = kernel
        self._number = context
        self._sleepable = sleepable
        self._known: Memory[Objection | None] = {}

    def judge(self, call: LiveHelper) -> Problem | None:
        """Return the first thing the kernel objects to, None if it is fine with the call."""
        alike = (call.number, call.regions, call.circumstances, call.fault)
        found = self._kernel.remember(self._known, alike, self._find_objection, call)
        if found is None:
            return None
        return path_problem(found, "", call.node, call.slot, call.sure)

    def sleeps(self, number: int) -> bool:
        """Return whether a helper may sleep, as such programs get it."""
        return self._kernel.helper_sleeps(self._number, number)

    def _find_objection(self, call: LiveHelper) -> Objection | None:
        if refusal := self._kernel.refusal(self._number, call.number):
            return refusal
        name = helper_name(call.number) or f"helper {call.number}"
        held = helper_problem(call, name, self._kernel)
        if held.text:
            reasons = (give_reason("region", held.text),)
            return Objection(FindingKind.REGION, reasons, held.certain, held.advice)
        where, certain = asleep(call.regions, call.circumstances, self._sleepable)
        if not where or not self.sleeps(call.number):
            return None
        reason = give_reason("sleepable", f"{name} may sleep, and {where}")
        return Objection(FindingKind.NOT_SLEEPABLE, (reason,), certain)
