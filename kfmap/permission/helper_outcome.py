"""What becomes of one call of a helper, why, and where it works instead."""

from __future__ import annotations

from collections.abc import Iterator

from kfmap.permission.because import Explainer
from kfmap.permission.bits import say_allowed
from kfmap.permission.bpf_helpers import HelperAnswer
from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context, type_word
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.function_address import GET_FUNC_IP, NO_FUNCTION, knows_function
from kfmap.permission.helper_bits import HelperColumns
from kfmap.permission.instead import find_nearest, find_working_form
from kfmap.permission.layers import find_context_layers
from kfmap.permission.needs import needs_of_context
from kfmap.permission.outcome_words import (
    ALLOWED,
    HELPER,
    NEEDS,
    ONLY_IF_SLEEPABLE,
    REFUSED,
    UNKNOWN,
)
from kfmap.permission.renames import find_newer_helpers
from kfmap.permission.verdict import Layer, LayerKind, Outcome, Reason, Verdict, give_reason
from kfmap.quick_dataclass import replace

_RULE = "helper"
_NEED_OF = {"CAP_BPF": "bpf", "CAP_PERFMON": "perfmon", "CAP_SYS_ADMIN": "sys_admin"}


class HelperJudge:
    """Judges calls of helpers on one kernel, as `OutcomeJudge` does those of kfuncs."""

    def __init__(self, decider: Decider, explainer: Explainer) -> None:
        self._decider = decider
        self._explainer = explainer
        self.columns = HelperColumns(decider)

    def decide(self, context: Context, helper: str) -> Outcome:
        """Return what becomes of a call; the kernel has the helper and what the context names."""
        word = self.columns.word(context, helper)
        asked = replace(context, sleepable=True) if word == ONLY_IF_SLEEPABLE else context
        name = helper.removeprefix("bpf_")
        given = self._decider.helpers.decide(asked, name)
        own = self.columns.answer(context, helper)
        layers = tuple(self._find_layers(context, helper, given))
        verdict = Verdict(
            say_allowed(own.allowed), None, (give_reason(_RULE, own.because, own.place),), layers
        )
        return Outcome(
            word,
            self._find_needs(context, given) if word in (ALLOWED, ONLY_IF_SLEEPABLE) else (),
            self._explain(word, context, helper, verdict, own),
            self._advise(word, context, helper),
            verdict,
            HELPER,
        )

    def find_forms(self, helper: str) -> tuple[Context, ...]:
        """Return every context that gets a helper, in the form in which the call surely loads."""
        forms = (
            find_working_form(context, word, self._decider.views)
            for context, word in self._everywhere(helper)
        )
        return tuple(form for form in forms if form)

    def _everywhere(self, helper: str) -> Iterator[tuple[Context, str]]:
        for context in build_contexts(self._decider.facts):
            yield context, self.columns.word(context, helper)

    def _find_layers(self, context: Context, helper: str, given: HelperAnswer) -> Iterator[Layer]:
        yield from find_context_layers(context, self._decider.views)
        if helper == GET_FUNC_IP and given.allowed and not knows_function(context):
            reason = give_reason(LayerKind.FUNCTION_ADDRESS, f"{helper} {NO_FUNCTION}")
            yield Layer(LayerKind.FUNCTION_ADDRESS, True, reason)
        if given.allowed and given.might_sleep and not context.sleepable:
            text = "the helper may sleep and this program may not"
            reason = give_reason(LayerKind.SLEEPABLE, text, given.place)
            yield Layer(LayerKind.SLEEPABLE, True, reason)

    def _find_needs(self, context: Context, given: HelperAnswer) -> tuple[str, ...]:
        found = {
            *needs_of_context(context, self._decider.views),
            *(_NEED_OF[name] for name in given.needs if name in _NEED_OF),
        }
        if given.gpl_only or context.struct_ops:
            found.add("gpl")
        if given.might_sleep or not self.columns.answer(context, given_name(given)).allowed:
            found.add("sleepable")
        return tuple(need for need in NEEDS if need in found)

    def _explain(
        self, word: str, context: Context, helper: str, verdict: Verdict, own: HelperAnswer
    ) -> Reason:
        kind = _say_kind(context)
        if word == ALLOWED:
            return give_reason(
                _RULE, f"{kind} programs get {helper} through {own.proto}", own.place
            )
        if word == REFUSED and own.proto:
            name = render_context(replace(context, sleepable=False))
            text = f"{own.proto} does not allow {helper} in {name}"
            return give_reason(_RULE, text, own.place)
        if word == REFUSED:
            return give_reason(_RULE, f"{kind} programs cannot use {helper}", own.place)
        if word == UNKNOWN and own.allowed is None:
            text = f"whether {kind} programs get {helper} is not known: {own.because}"
            return give_reason(_RULE, text, own.place)
        return self._explainer.explain(word, context, helper, verdict)

    def _advise(self, word: str, context: Context, helper: str) -> tuple[str, ...]:
        """Return what to try instead: a newer helper, then contexts, nearest first."""
        if word in (ALLOWED, UNKNOWN):
            return ()
        if word == ONLY_IF_SLEEPABLE:
            form = find_working_form(context, word, self._decider.views)
            return (render_context(form),) if form else ()
        newer = (
            name
            for name in find_newer_helpers(helper)
            if name in self.columns.names and self.columns.word(context, name) == ALLOWED
        )
        return (*newer, *find_nearest(context, self._everywhere(helper), self._decider.views))


def given_name(given: HelperAnswer) -> str:
    """Return the helper of an answer as programs call it."""
    return f"bpf_{given.helper}"


def _say_kind(context: Context) -> str:
    if context.struct_ops:
        return context.struct_ops
    return type_word(context.replaces or context.program_type)
