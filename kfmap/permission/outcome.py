"""What becomes of a call: one word for all that a kernel checks, why, and what to do instead.

`Decider` says whether permission is given. An outcome looks at everything else as well, in the
kernel's order: is the kfunc there, can the program load, is the call permitted, may it sleep, does
its run-time check pass. Pages, commands, API and reports take their words from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kfmap.kernel.program_facts import NEVER
from kfmap.permission.attach_targets import find_function
from kfmap.permission.because import Explainer
from kfmap.permission.context import Context
from kfmap.permission.decide import UNREAD_RULE, Decider
from kfmap.permission.helper_names import is_helper
from kfmap.permission.instead import Adviser
from kfmap.permission.missing import Missing, find_missing
from kfmap.permission.needs import find_needs
from kfmap.permission.outcome_words import (
    ALLOWED,
    FAILS_AT_RUN_TIME,
    NOT_A_KFUNC,
    NOT_ON_THIS_KERNEL,
    ONLY_IF_SLEEPABLE,
    REFUSED,
    UNKNOWN,
    WILL_NOT_LOAD,
)
from kfmap.permission.sleeping import find_sleep_answer
from kfmap.permission.verdict import FAILS, Reason, Verdict
from kfmap.permission.verdict import REFUSED as NOT_PERMITTED
from kfmap.permission.verdict import UNKNOWN as NOT_KNOWN
from kfmap.quick_dataclass import dataclass

# The layers that concern the program as such, which the kernel looks at before its code.
_OF_THE_PROGRAM = ("malformed_btf", "attach_target", "unsupported_member")
_OF_ITS_SLEEP = ("sleepable_member", "sleepable_context")
_WITH_NEEDS = (ALLOWED, ONLY_IF_SLEEPABLE, FAILS_AT_RUN_TIME)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one call on one kernel.

    `outcome`: one of `OUTCOMES`. `needs`: what the program must bring besides permission, words of
    `NEEDS`. `because`: one sentence without a full stop, with the line that decides. `instead`:
    short names of contexts and names of kfuncs, the nearest first. `verdict`: the permission check
    alone, with its trace.
    """

    outcome: str
    needs: tuple[str, ...]
    because: Reason
    instead: tuple[str, ...]
    verdict: Verdict

    @property
    def works(self) -> bool:
        """Say whether the call works as it was asked for, given what it needs."""
        return self.outcome == ALLOWED


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
        """Return every context that may call a kfunc, in the form that surely loads."""
        return self._adviser.find_forms(kfunc)

    def explain_missing(self, missing: Missing) -> Reason:
        """Return what this kernel lacks, and which others have it."""
        having = [other.facts.name for other in self.others() if missing.is_in(other)]
        return self._explainer.explain_missing(missing, having)

    def _judge_absent(self, kfunc: str, context: Context, verdict: Verdict) -> Outcome | None:
        """Judge what is no kfunc here, or asked of a context that this kernel does not have."""
        if kfunc not in self.decider.kfuncs:
            if is_helper(kfunc):
                text = f"{kfunc} is a helper, not a kfunc; kfmap judges kfuncs"
                return Outcome(NOT_A_KFUNC, (), Reason("helper", text), (), verdict)
            if self.is_function(kfunc) and verdict.verdict != NOT_KNOWN:
                text = f"{kfunc} is a function of {self.decider.facts.name} and no kfunc"
                because = Reason("no_kfunc", f"{text}: BPF programs may not call it")
                instead = self._adviser.find_other_names(context, kfunc)
                return Outcome(NOT_A_KFUNC, (), because, instead, verdict)
        if verdict.reasons and verdict.reasons[-1].rule == UNREAD_RULE:
            return None  # what could not be read may have it
        missing = find_missing(self.decider, context, kfunc)
        lost = find_function(context)
        if missing:
            because = self.explain_missing(missing)
        elif lost and self.is_function(lost) is False:
            because = Reason("missing", f"{self.decider.facts.name} has no function {lost}")
        else:
            return None
        instead = self._adviser.find_other_names(context, kfunc)
        return Outcome(NOT_ON_THIS_KERNEL, (), because, instead, verdict)


def find_outcome(decider: Decider, context: Context, verdict: Verdict) -> str:
    """Return the word for a call of a kfunc that the kernel has, from a context that it has."""
    blocks = {layer.kind: layer.blocks for layer in verdict.layers}
    of_sleep = next((blocks[kind] for kind in _OF_ITS_SLEEP if kind in blocks), False)
    if any(blocks.get(kind) for kind in _OF_THE_PROGRAM) or (context.sleepable and of_sleep):
        return WILL_NOT_LOAD
    if verdict.verdict == NOT_PERMITTED:
        return REFUSED
    not_known = blocks.get("unsupported_member", False) is None or of_sleep is None
    if verdict.verdict == NOT_KNOWN or not_known or decider.observations:
        return UNKNOWN
    if blocks.get("trap"):
        return WILL_NOT_LOAD
    asks = True if of_sleep else blocks.get("sleepable", False)
    if asks is None:
        return UNKNOWN
    if asks:
        never = find_sleep_answer(context, decider.views).word == NEVER
        return WILL_NOT_LOAD if never or verdict.run_time == FAILS else ONLY_IF_SLEEPABLE
    return FAILS_AT_RUN_TIME if verdict.run_time == FAILS else ALLOWED
