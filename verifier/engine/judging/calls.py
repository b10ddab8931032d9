"""What a kernel says to one live call: is the kfunc there, is it allowed, may it sleep."""

from __future__ import annotations

from kfmap.permission.layers import TRAP, TRAP_TEXT
from kfmap.permission.observed import NOT_ASKED
from kfmap.permission.verdict import ALLOWED, FAILS, REFUSED, UNKNOWN, Verdict, give_reason
from verifier.engine.flow.reach import Circumstances, Later, LiveCall
from verifier.engine.flow.regions import Regions
from verifier.engine.judging.asking import Memory
from verifier.engine.judging.externs import FOUND, absent_reason
from verifier.engine.judging.interview import Interview
from verifier.engine.judging.prepared import Prepared
from verifier.engine.judging.problem import Objection, Problem, path_problem
from verifier.engine.judging.regions import kfunc_problem, variants
from verifier.engine.result import FindingKind, Reason

_SLEEPABLE = "KF_SLEEPABLE"
LATER = {Later.TIMER: "a timer callback", Later.WORK: "a workqueue callback"}


class CallJudge:
    """Judges the live calls of the programs of one object in one context on one kernel."""

    def __init__(self, prepared: Prepared, kernel: Interview, context: int) -> None:
        self._object = prepared.object
        self._kernel = kernel
        self._context = prepared.contexts[context]
        self._number = context
        self._known: Memory[Objection | None] = {}

    def judge(self, call: LiveCall) -> Problem | None:
        """Return the first thing the kernel objects to, None if it is fine with the call."""
        # What is said of a call follows from these.
        alike = (call.extern, call.regions, call.circumstances, call.fault)
        found = self._kernel.remember(self._known, alike, self._find_objection, call)
        if found is None:
            return None
        name = self._object.externs[call.extern].kernel_name
        return path_problem(found, name, call.node, call.slot, call.sure)

    def _find_objection(self, call: LiveCall) -> Objection | None:
        extern = self._object.externs[call.extern]
        resolved = self._kernel.kfunc(call.extern)
        if resolved.outcome != FOUND:
            return Objection(FindingKind(resolved.outcome), (absent_reason(resolved, extern.name),))
        if extern.kernel_name == TRAP:
            return Objection(FindingKind.LOAD, (give_reason("trap", TRAP_TEXT),))
        verdict = self._kernel.ruling(self._number, extern.kernel_name)
        if verdict.verdict == REFUSED:
            return Objection(FindingKind.NOT_ALLOWED, verdict.reasons)
        if verdict.verdict == UNKNOWN:
            return Objection(FindingKind.UNKNOWN, verdict.reasons)
        if self._kernel.decides_by_asking():
            return Objection(FindingKind.UNKNOWN, (*verdict.reasons, NOT_ASKED))
        return (
            self._sleep_objection(call, extern.kernel_name)
            or self._region_objection(call, extern.kernel_name)
            or self._run_time_objection(call, extern.kernel_name, verdict)
        )

    def may_sleep(self, extern: int) -> bool:
        """Return whether an extern is a kfunc that may be called in this context, and sleeps."""
        if self._kernel.kfunc(extern).outcome != FOUND:
            return False
        name = self._object.externs[extern].kernel_name
        if self._kernel.ruling(self._number, name).verdict != ALLOWED:
            return False
        return self._kernel.has_flag(self._number, name, _SLEEPABLE)

    def _sleep_objection(self, call: LiveCall, kfunc: str) -> Objection | None:
        where, certain = asleep(call.regions, call.circumstances, self._context.sleepable)
        if not where or not self._kernel.has_flag(self._number, kfunc, _SLEEPABLE):
            return None
        place = self._kernel.place_of(kfunc)
        reason = give_reason("sleepable", f"{kfunc} may sleep, and {where}", place)
        return Objection(FindingKind.NOT_SLEEPABLE, (reason,), certain)

    def _region_objection(self, call: LiveCall, kfunc: str) -> Objection | None:
        found = kfunc_problem(call, kfunc, self._kernel, self._context, self._number)
        if not found.text:
            return None
        reason = give_reason("region", found.text, self._kernel.place_of(kfunc))
        return Objection(FindingKind.REGION, (reason,), found.certain, found.advice)

    def _run_time_objection(self, call: LiveCall, kfunc: str, verdict: Verdict) -> Objection | None:
        reasons = self._run_time_reasons(call, kfunc, verdict)
        return Objection(FindingKind.RUN_TIME, reasons) if reasons else None

    def _run_time_reasons(self, call: LiveCall, kfunc: str, verdict: Verdict) -> tuple[Reason, ...]:
        """Ask what the kernel checks on each call: of the op, or where the call is made later."""
        if not call.circumstances.later:
            return verdict.reasons if verdict.run_time == FAILS else ()
        where = LATER.get(call.circumstances.later)
        return () if where is None else self._kernel.later_failure(self._number, where, kfunc)


def asleep(regions: Regions, how: Circumstances, program_sleeps: bool) -> tuple[str, bool]:
    """Return why nothing may sleep here and how certain that is; "" if it may or is not known.

    `program_sleeps`: the program may, so that where it may not is decided by who calls.
    """
    if how.sleepable is False:
        who = "what calls this function" if program_sleeps else "this program"
        return f"{LATER.get(how.later, who)} may not", True
    held = [each.held() for each in variants(regions)]
    told = [name for name in held if name]
    return (f"this is within {told[0]}", len(told) == len(held)) if told else ("", True)
