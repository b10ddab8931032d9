"""What a kernel says to a live call of a helper: may it sleep here, may it be called within this.

Mirrors check_helper_call() of kernel/bpf/verifier.c.
"""

from __future__ import annotations

from kfmap.permission.helper_names import helper_name
from kfmap.permission.verdict import give_reason
from verifier.engine.flow.reach import Circumstances, LiveHelper
from verifier.engine.flow.regions import Regions
from verifier.engine.judging.calls import asleep
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.judging.problem import Objection, Problem, path_problem
from verifier.engine.judging.regions import SPIN_LOCK, SPIN_UNLOCK, helper_problem
from verifier.engine.result import FindingKind

_Alike = tuple[int, Regions, Circumstances, str]


class HelperJudge:
    """Judges the live calls of helpers in one program on one kernel."""

    def __init__(self, kernel: KernelUnderTest) -> None:
        self._kernel = kernel
        self._known: dict[_Alike, Objection | None] = {}

    def judge(self, call: LiveHelper) -> Problem | None:
        """Return the first thing the kernel objects to, None if it is fine with the call."""
        alike = (call.number, call.regions, call.circumstances, call.fault)
        if alike not in self._known:
            self._known[alike] = self._find_objection(call)
        found = self._known[alike]
        if found is None:
            return None
        return path_problem(found, "", call.node, call.slot, call.sure)

    def may_object(self, number: int) -> bool:
        """Return whether the kernel may object to a helper where no kernel function is called."""
        return number in (SPIN_LOCK, SPIN_UNLOCK) or self._kernel.helper_sleeps(number) is True

    def _find_objection(self, call: LiveHelper) -> Objection | None:
        name = helper_name(call.number) or f"helper {call.number}"
        held = helper_problem(call, name, self._kernel)
        if held.text:
            reasons = (give_reason("region", held.text),)
            return Objection(FindingKind.REGION, reasons, held.certain, held.advice)
        where, certain = asleep(call.regions, call.circumstances)
        if not where or not self._kernel.helper_sleeps(call.number):
            return None
        reason = give_reason("sleepable", f"{name} may sleep, and {where}")
        return Objection(FindingKind.NOT_SLEEPABLE, (reason,), certain)
