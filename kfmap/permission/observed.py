"""Kernels whose own answers are known but not their source: the answer is the observation."""

from __future__ import annotations

from kfmap.kernel.facts import KernelFacts, Observed
from kfmap.permission.bits import ALLOWED_LETTER, LETTERS, REFUSED_LETTER, KfuncBits
from kfmap.permission.context import Context
from kfmap.permission.verdict import UNKNOWN, Reason, Step, Verdict
from kfmap.quick_dataclass import replace

# What a kernel of evidence does not tell of a call whose permission check passes.
NOT_ASKED = Reason(
    Step.OBSERVED,
    "the permission check of the booted kernel passes; whether the call may sleep, or fails at run "
    "time, was not asked",
)


class Observations:
    """The answers of one booted kernel, by context and kfunc."""

    def __init__(self, facts: KernelFacts) -> None:
        self.positions = {kfunc: index for index, kfunc in enumerate(facts.observed_kfuncs)}
        self.rows = {_key(read_observed(row)): row for row in facts.observed}

    def bits(self, context: Context) -> KfuncBits:
        """Return the kfuncs surely and possibly allowed, bits in `observed_kfuncs` order."""
        row = self.rows.get(_key(context))
        letters = row.verdicts if row else ""
        everything = (1 << len(self.positions)) - 1
        allowed, refused = (
            sum(1 << place for place, letter in enumerate(letters) if letter == wanted)
            for wanted in (ALLOWED_LETTER, REFUSED_LETTER)
        )
        return KfuncBits(allowed, everything & ~refused)

    def decide(self, context: Context, kfunc: str) -> Verdict:
        """Return the kernel's own answer, UNKNOWN where it was not asked or did not answer."""
        row = self.rows.get(_key(context))
        position = self.positions.get(kfunc)
        if position is None:
            return _verdict(UNKNOWN, f"{kfunc} was not asked about on this kernel")
        if row is None:
            return _verdict(UNKNOWN, "this context was not tried on this kernel")
        answer = LETTERS.get(row.verdicts[position : position + 1], UNKNOWN)
        if answer == UNKNOWN:
            return _verdict(UNKNOWN, "the booted kernel gave no answer that tells of permission")
        return _verdict(answer, f"the booted kernel answered: {answer}")


def read_observed(row: Observed) -> Context:
    """Return the context of an observation."""
    return Context(
        row.program_type, row.attach_type, row.target, row.struct_ops, row.member, row.sleepable
    )


def _key(context: Context) -> Context:
    # Permission does not depend on sleepability; the probe set it only where a program must sleep.
    return replace(context, sleepable=False)


def _verdict(answer: str, text: str) -> Verdict:
    return Verdict(answer, None, (Reason(Step.OBSERVED, text),))
