"""What becomes of a call: one word for all that a kernel checks, why, and what to do instead.

`Decider` says whether permission is given. An outcome looks at everything else as well, in the
kernel's order: is the kfunc there, can the program load, is the call permitted, may it sleep, does
its run-time check pass. Pages, commands, API and reports take their words from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kfmap.kernel.program_facts import NEVER
from kfmap.permission.attach_targets import find_function, find_tracepoint
from kfmap.permission.because import Explainer
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.helper_names import is_helper
from kfmap.permission.helper_outcome import HelperJudge
from kfmap.permission.instead import Adviser
from kfmap.permission.missing import Missing, find_missing, find_missing_helper
from kfmap.permission.needs import find_needs
from kfmap.permission.outcome_words import (
    ALLOWED,
    FAILS_AT_RUN_TIME,
    FUNCTION,
    HELPER,
    NOT_A_KFUNC,
    NOT_ON_THIS_KERNEL,
    ONLY_IF_SLEEPABLE,
    REFUSED,
    UNKNOWN,
    WILL_NOT_LOAD,
)
from kfmap.permission.sleeping import find_sleep_answer
from kfmap.permission.unread import UNREAD_RULE
from kfmap.permission.verdict import FAILS, LayerKind, Outcome, Reason, Step, Verdict
from kfmap.permission.verdict import REFUSED as NOT_PERMITTED
from kfmap.permission.verdict import UNKNOWN as NOT_KNOWN
from kfmap.quick_dataclass import replace

# The layers that concern the program as such, which the kernel looks at before its code.
_OF_THE_PROGRAM = (
    LayerKind.JIT,
    LayerKind.MALFORMED_BTF,
    LayerKind.ATTACH_TARGET,
    LayerKind.UNSUPPORTED_MEMBER,
)
_OF_ITS_SLEEP = (LayerKind.SLEEPABLE_MEMBER, LayerKind.SLEEPABLE_CONTEXT)
_WITH_NEEDS = (ALLOWED, ONLY_IF_SLEEPABLE, FAILS_AT_RUN_TIME)


class OutcomeJudge:
    """Judges calls on one kernel.

    `others` gives the deciders of other kernels, newest first; it is called only where this kernel
    lacks what was asked about. `is_function` says whether the kernel has a function of a name, None
    where that is not known.
    """

    def __init__(
        self,
        decider: Decider,
        others: Callable[[], Iterable[Decider]] = tuple,
        is_function: Callable[[str], bool | None] = lambda name: None,
    ) -> None:
        self.decider = decider
        self.others = others
        self.is_function = is_function
        self._adviser = Adviser(decider)
        self._explainer = Explainer(decider, self._adviser)
        self.helpers = HelperJudge(decider, self._explainer)

    def decide(self, context: Context, kfunc: str) -> Outcome:
        """Return what becomes of a call of `kfunc` from `context`."""
        verdict = self.decider.decide(context, kfunc)
        absent = self._judge_absent(kfunc, context, verdict)
        if absent:
            return absent
        word = find_outcome(self.decider, context, verdict)
        listed = self.decider.flag_entries(context, kfunc)
        known = self.decider.find_kfunc(kfunc)
        needs = find_needs(context, known, listed, self.decider.views)
        return Outcome(
            word,
            needs if word in _WITH_NEEDS else (),
            self._explainer.explain(word, context, kfunc, verdict),
            self._adviser.advise(word, context, kfunc, verdict),
            verdict,
        )

    def find_forms(self, kfunc: str) -> tuple[Context, ...]:
        """Return every context that may call a function, in the form that surely loads."""
        if kfunc in self.helpers.columns.names:
            return self.helpers.find_forms(kfunc)
        return self._adviser.find_forms(kfunc)

    def explain_missing(self, missing: Missing) -> Reason:
        """Return what this kernel lacks, and which others have it."""
        having = [other.facts.name for other in self.others() if missing.is_in(other)]
        return self._explainer.explain_missing(missing, having)

    def _judge_absent(self, kfunc: str, context: Context, verdict: Verdict) -> Outcome | None:
        """Judge what is no kfunc here, or asked of a context that this kernel does not have."""
        if kfunc not in self.decider.kfuncs:
            if is_helper(kfunc):
                return self._judge_helper(context, kfunc, verdict)
            if self.is_function(kfunc) and verdict.verdict != NOT_KNOWN:
                text = f"{kfunc} is a function of {self.decider.facts.name} and no kfunc"
                because = Reason(Step.NO_KFUNC, f"{text}: BPF programs may not call it")
                instead = self._adviser.find_other_names(context, kfunc)
                return Outcome(NOT_A_KFUNC, (), because, instead, verdict, FUNCTION)
        if verdict.reasons and verdict.reasons[-1].rule == UNREAD_RULE:
            return None  # what could not be read may have it
        absence = self._find_absence(context, find_missing(self.decider, context, kfunc))
        if absence is None:
            return None
        instead = self._adviser.find_other_names(context, kfunc)
        return Outcome(NOT_ON_THIS_KERNEL, (), absence, instead, verdict)

    def _judge_helper(self, context: Context, helper: str, verdict: Verdict) -> Outcome:
        """Judge a call of a helper, unknown where the facts are of kfuncs only."""
        if not self.decider.helpers.knows:
            kernel = self.decider.facts.name
            text = f"{helper} is a helper, not a kfunc; of {kernel}, kfmap knows kfuncs only"
            nothing = replace(verdict, verdict=NOT_KNOWN, reasons=())
            return Outcome(UNKNOWN, (), Reason(Step.HELPER, text), (), nothing, HELPER)
        missing = find_missing_helper(self.decider, context, helper)
        because = self._find_absence(context, missing)
        if because is None:
            return self.helpers.decide(context, helper)
        return Outcome(NOT_ON_THIS_KERNEL, (), because, (), replace(verdict, reasons=()), HELPER)

    def _find_absence(self, context: Context, missing: Missing | None) -> Reason | None:
        """Return what the kernel lacks for a question, None where it lacks nothing."""
        if missing:
            return self.explain_missing(missing)
        kernel = self.decider.facts.name
        lost = find_function(context)
        if lost and self.is_function(lost) is False:
            return Reason(Step.MISSING, f"{kernel} has no function {lost}")
        tracepoint = find_tracepoint(context)
        if tracepoint and self.is_function(tracepoint[1]) is False:
            return Reason(Step.MISSING, f"{kernel} has no tracepoint {tracepoint[0]}")
        return None


def find_outcome(decider: Decider, context: Context, verdict: Verdict) -> str:
    """Return the word for a call of a kfunc that the kernel has, from a context that it has."""
    blocks = {layer.kind: layer.blocks for layer in verdict.layers}
    of_sleep = next((blocks[kind] for kind in _OF_ITS_SLEEP if kind in blocks), False)
    if any(blocks.get(kind) for kind in _OF_THE_PROGRAM) or (context.sleepable and of_sleep):
        return WILL_NOT_LOAD
    if verdict.verdict == NOT_PERMITTED:
        return REFUSED
    not_known = blocks.get(LayerKind.UNSUPPORTED_MEMBER, False) is None or of_sleep is None
    if verdict.verdict == NOT_KNOWN or not_known or decider.observations:
        return UNKNOWN
    if blocks.get(LayerKind.TRAP):
        return WILL_NOT_LOAD
    asks = True if of_sleep else blocks.get(LayerKind.SLEEPABLE, False)
    if asks is None:
        return UNKNOWN
    if asks:
        never = find_sleep_answer(context, decider.views).word == NEVER
        return WILL_NOT_LOAD if never or verdict.run_time == FAILS else ONLY_IF_SLEEPABLE
    return FAILS_AT_RUN_TIME if verdict.run_time == FAILS else ALLOWED
