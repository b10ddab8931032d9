"""Outcomes of all helpers in one context at once, as bitsets: the helpers' columns of a matrix.

A helper's outcomes are those of kfuncs: a program gets it or not (`get_func_proto`), and a helper
that may sleep is for programs that may (check_helper_call() of kernel/bpf/verifier.c).
"""

from __future__ import annotations

from collections.abc import Callable

from kfmap.kernel.program_facts import MUST, NEVER, KernelPart
from kfmap.permission.bits import KfuncBits
from kfmap.permission.bpf_helpers import HelperAnswer
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.function_address import GET_FUNC_IP, knows_function
from kfmap.permission.given_helpers import HelpersByContext
from kfmap.permission.layers import find_context_layers
from kfmap.permission.matrix import Matrix
from kfmap.permission.missing import Missing
from kfmap.permission.outcome_bits import OutcomeColumn
from kfmap.permission.outcome_words import (
    ALLOWED,
    NOT_ON_THIS_KERNEL,
    ONLY_IF_SLEEPABLE,
    REFUSED,
    UNKNOWN,
    WILL_NOT_LOAD,
)
from kfmap.permission.sleeping import find_sleep_answer
from kfmap.permission.verdict import LayerKind
from kfmap.quick_dataclass import replace

# The layers that concern the program as such, and those of its sleep.
_OF_THE_PROGRAM = (LayerKind.ATTACH_TARGET, LayerKind.UNSUPPORTED_MEMBER)
_OF_ITS_SLEEP = (LayerKind.SLEEPABLE_MEMBER, LayerKind.SLEEPABLE_CONTEXT)


class HelperColumns:
    """Judges calls of helpers on one kernel, in short: the word of each cell."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider
        self._given = HelpersByContext(decider.helpers, decider.views)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the helpers of the kernel, `bpf_` in front, in the order of bits."""
        return self._decider.helpers.names

    def column(self, context: Context) -> OutcomeColumn:
        """Return the outcomes of one context, bit n for `names[n]`."""
        word = self._judge(context)
        found: dict[str, int] = {}
        for row, name in enumerate(self.names):
            outcome = word(name)
            if outcome == NOT_ON_THIS_KERNEL:
                return OutcomeColumn(absent=True)
            found[outcome] = found.get(outcome, 0) | 1 << row
        return OutcomeColumn(
            allowed=found.get(ALLOWED, 0),
            only_if_sleepable=found.get(ONLY_IF_SLEEPABLE, 0),
            will_not_load=found.get(WILL_NOT_LOAD, 0),
            unknown=found.get(UNKNOWN, 0),
        )

    def bits(self, context: Context) -> KfuncBits:
        """Return which helpers programs of a context get, sleeping aside."""
        given = self._given.of(context)
        answers = [given.answer(name).allowed for name in self.names]
        allowed = sum(1 << row for row, answer in enumerate(answers) if answer)
        possible = sum(1 << row for row, answer in enumerate(answers) if answer is not False)
        return KfuncBits(allowed, possible)

    def fill_matrix(self, contexts: tuple[Context, ...]) -> Matrix:
        """Return which helpers each of the contexts gets, sleeping aside."""
        bits = [self.bits(context) for context in contexts]
        allowed = tuple(item.allowed for item in bits)
        return Matrix(contexts, self.names, allowed, tuple(item.possible for item in bits))

    def word(self, context: Context, helper: str) -> str:
        """Return the outcome of one cell; the kernel has the helper and what the context names."""
        return self._judge(context)(helper)

    def answer(self, context: Context, helper: str) -> HelperAnswer:
        """Return whether programs of a context get a helper, sleeping aside."""
        return self._given.of(context).answer(helper)

    def _judge(self, context: Context) -> Callable[[str], str]:
        """Return what gives the outcome of a helper in one context."""
        if not Missing(KernelPart.PROGRAM_TYPE, context.program_type).is_in(self._decider):
            return lambda helper: NOT_ON_THIS_KERNEL
        layers = find_context_layers(context, self._decider.views)
        blocks = {layer.kind: layer.blocks for layer in layers}
        of_sleep = next((blocks[kind] for kind in _OF_ITS_SLEEP if kind in blocks), False)
        if any(blocks.get(kind) for kind in _OF_THE_PROGRAM) or (context.sleepable and of_sleep):
            return lambda helper: WILL_NOT_LOAD
        unsure = blocks.get(LayerKind.UNSUPPORTED_MEMBER, False) is None or of_sleep is None
        sleeps = find_sleep_answer(context, self._decider.views).word
        asleep = self._given.of(replace(context, sleepable=True))
        own = asleep if sleeps == MUST else self._given.of(context)
        must, awake = sleeps == MUST and not context.sleepable, own is not asleep

        def judge(helper: str) -> str:
            answer = own.answer(helper)
            if answer.allowed is False:
                may = awake and sleeps != NEVER and asleep.answer(helper).allowed
                return ONLY_IF_SLEEPABLE if may else REFUSED
            if helper == GET_FUNC_IP and answer.allowed and not knows_function(context):
                return WILL_NOT_LOAD
            if answer.allowed is None or unsure:
                return UNKNOWN
            if answer.might_sleep and awake:
                return WILL_NOT_LOAD if sleeps == NEVER else ONLY_IF_SLEEPABLE
            return ONLY_IF_SLEEPABLE if must else ALLOWED

        return judge
