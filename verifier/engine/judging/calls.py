"""What a kernel says to one live call: is the kfunc there, is it allowed, may it sleep."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kfmap.permission.context import Context
from kfmap.permission.verdict import ALLOWED, FAILS, REFUSED, UNKNOWN, Verdict
from verifier.engine.flow.reach import Circumstances, LiveCall
from verifier.engine.flow.state import REGION_NAMES, Regions
from verifier.engine.judging.contexts import decide
from verifier.engine.judging.externs import FOUND, Resolved
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.judging.loader import Loaded
from verifier.engine.judging.reasons import reason_at, take_over
from verifier.engine.judging.regions import region_problem
from verifier.engine.result import Reason

_SLEEPABLE = "KF_SLEEPABLE"
# What is said of a call follows from these: extern, regions, circumstances, in the program itself.
_Alike = tuple[int, Regions, Circumstances, bool]
_Objection = tuple[str, tuple[Reason, ...]]  # the kind of a finding, and why
_LATER = {"timer": "a timer callback", "work": "a workqueue callback"}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a live call; `kind` is that of a finding."""

    kind: str
    call: LiveCall
    reasons: tuple[Reason, ...]

    def made_sure(self, sure: bool) -> Problem:
        """Return the same problem, sure if it is or another walk was."""
        return replace(self, call=replace(self.call, sure=sure or self.call.sure))


class CallJudge:
    """Judges the live calls of one program on one kernel."""

    def __init__(self, loaded: Loaded, context: Context) -> None:
        self._loaded = loaded
        self._kernel: KernelUnderTest = loaded.kernel
        self._context = context
        self._verdicts: dict[str, Verdict] = {}
        self._known: dict[_Alike, _Objection | None] = {}

    def judge(self, call: LiveCall) -> Problem | None:
        """Return the first thing the kernel objects to, None if it is fine with the call."""
        alike = (call.extern, call.regions, call.circumstances, call.node.before is None)
        if alike not in self._known:
            self._known[alike] = self._find_objection(call)
        objection = self._known[alike]
        return Problem(objection[0], call, objection[1]) if objection else None

    def _find_objection(self, call: LiveCall) -> _Objection | None:
        extern = self._loaded.object.externs[call.extern]
        resolved = self._loaded.kfunc(call.extern)
        if resolved.outcome != FOUND:
            return resolved.outcome, (absent_reason(resolved, extern.name),)
        verdict = self._decide(extern.kernel_name)
        if verdict.verdict == REFUSED:
            return "not_allowed", take_over(verdict.reasons)
        if verdict.verdict == UNKNOWN:
            return "unknown", take_over(verdict.reasons)
        reason = self._sleep_reason(call, extern.kernel_name, verdict)
        if reason:
            return "not_sleepable", (reason,)
        reason = self._region_reason(call, extern.kernel_name, verdict)
        if reason:
            return "region", (reason,)
        reasons = self._run_time_reasons(call, extern.kernel_name, verdict)
        return ("run_time", reasons) if reasons else None

    def may_sleep(self, index: int) -> bool:
        """Return whether an extern is a kfunc that may be called in this context, and sleeps."""
        if self._loaded.kfunc(index).outcome != FOUND:
            return False
        verdict = self._decide(self._loaded.object.externs[index].kernel_name)
        return verdict.verdict == ALLOWED and _SLEEPABLE in verdict.flags

    def _decide(self, kfunc: str) -> Verdict:
        if kfunc not in self._verdicts:
            self._verdicts[kfunc] = decide(self._kernel.decider, self._context, kfunc)
        return self._verdicts[kfunc]

    def _sleep_reason(self, call: LiveCall, kfunc: str, verdict: Verdict) -> Reason | None:
        if _SLEEPABLE not in verdict.flags:
            return None
        listed = self._kernel.decider.find_listed(kfunc)
        place = listed[0].entry.place if listed else None
        for name, depth in zip(REGION_NAMES, call.regions, strict=True):
            if depth > 0:
                text = f"{kfunc} may sleep, and this is within a {name} region"
                return reason_at("sleepable", text, place)
        if call.circumstances.sleepable is not False:
            return None
        where = _LATER.get(call.circumstances.later, "this program")
        return reason_at("sleepable", f"{kfunc} may sleep, and {where} may not", place)

    def _region_reason(self, call: LiveCall, kfunc: str, verdict: Verdict) -> Reason | None:
        text = region_problem(call, kfunc, verdict.flags, self._kernel, self._context)
        listed = self._kernel.decider.find_listed(kfunc)
        return (
            reason_at("region", text, listed[0].entry.place if listed else None) if text else None
        )

    def _run_time_reasons(self, call: LiveCall, kfunc: str, verdict: Verdict) -> tuple[Reason, ...]:
        """Ask the run-time mask: that of the op, or none where the call is made later."""
        if not call.circumstances.later:
            return take_over(verdict.reasons) if verdict.run_time == FAILS else ()
        masks, where = self._kernel.decider.run_time, _LATER.get(call.circumstances.later)
        guard = masks.guards.get(kfunc) if masks else None
        if masks is None or guard is None or where is None or masks.passes(guard, 0):
            return ()
        if (self._context.struct_ops, self._context.member) not in masks.ops:
            return ()
        text = f"{where} runs with no mask in force; {kfunc} wants {masks.name_mask(guard.mask)}"
        return (reason_at("run_time_guard", text, guard.path[-1][1] if guard.path else None),)


def absent_reason(resolved: Resolved, name: str) -> Reason:
    """Say why libbpf takes an extern for absent."""
    text = resolved.text or f"this kernel has no {name}"
    return reason_at(resolved.outcome, text, resolved.place)
