"""Run-time masks: loading looks at the program type only, guarded kfuncs check a mask on each call.

The masks are the kernel's own where its tree has them (`scx_kf_allowed()`). Where it decides at
load time, masks that give struct_ops members the same rights are synthesised from its decision.
"""

from __future__ import annotations

from typing import ClassVar

from kfmap.permission.bits import KfuncBits, has_bit, name_bits
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.capabilities import synthesise
from kfmap.permission.mechanisms.mechanism import (
    AT_RUN_TIME,
    Costs,
    Mechanism,
    find_failing,
    find_meant,
)
from kfmap.permission.mechanisms.table import ANY
from kfmap.permission.verdict import FAILS, Reason, Verdict
from kfmap.permission.view import STRUCT_OPS_TYPE


class RunTimeMaskMechanism(Mechanism):
    """Masks per op and per kfunc, as sched_ext had them up to 7.0."""

    id: ClassVar[str] = "run_time_masks"
    title: ClassVar[str] = "Run-time masks"

    def __init__(self, decider: Decider, contexts: tuple[Context, ...]) -> None:
        super().__init__(decider, contexts)
        self.own = decider.run_time is not None
        members = tuple(c for c in contexts if c.program_type == STRUCT_OPS_TYPE)
        listed = 0
        for context in members:
            listed |= decider.listed_bits(context)[0]
        kfuncs = name_bits(listed, decider.kfuncs)
        self._masks = None if self.own else synthesise(decider, members, ANY, kfuncs)

    def bits(self, context: Context) -> KfuncBits:
        """Return what finally passes: the load by program type, then the masks."""
        return self.decider.listed_bits(context).without(self.late(context))

    def late(self, context: Context) -> int:
        """Return the kfuncs that load and then fail while the program runs."""
        if self.own:
            return find_failing(self.decider, context)
        listed, _ = self.decider.listed_bits(context)
        if context.program_type != STRUCT_OPS_TYPE:
            return 0
        _, may = find_meant(self.decider, context)
        return listed & ~may

    def decide(self, context: Context, kfunc: str) -> Verdict:
        """Return the verdict of a cell: loading by type, and `run_time` by the masks."""
        verdict = super().decide(context, kfunc)
        place = self.decider.kfuncs.index(kfunc) if kfunc in self.decider.kfuncs else None
        if place is not None and has_bit(self.late(context), place):
            return Verdict("allowed", FAILS, verdict.reasons)
        return verdict

    def explain(self, context: Context, kfunc: str) -> tuple[Reason, ...]:
        """Return the kernel's own masks, or the synthesised ones."""
        if self.decider.run_time:
            return tuple(self.decider.run_time.decide(context, kfunc)[1])
        assert self._masks is not None
        return (self._masks.explain(context, kfunc),)

    def guarded(self) -> frozenset[str]:
        """Return the kfuncs that check a mask each time they are called."""
        if self.decider.run_time:
            return frozenset(self.decider.run_time.guards)
        assert self._masks is not None
        return self._masks.guarded()

    def costs(self) -> Costs:
        """Guarded kfuncs check on every call; errors show when the scheduler runs."""
        guarded = len(self.guarded())
        if self.decider.run_time:
            run_time = self.decider.run_time
            bits = sum(1 for bit in run_time.bit_names if bit)
            declared = guarded + len(run_time.ops)
        else:
            assert self._masks is not None
            bits, declared = self._masks.bits, guarded + len(self._masks.context_masks)
        return Costs(
            noticed=AT_RUN_TIME,
            bits=bits,
            checked_calls=guarded,
            declared=declared,
            in_module="its kfuncs can check a mask, but only in a word that vmlinux keeps for it",
            limits=(
                "the masks are this kernel's own"
                if self.own
                else "this kernel has none: these give its callbacks the rights it decides at load",
                "an error shows only when the callback runs, and stops the scheduler",
                "nested callbacks add their masks up, so a callback may be allowed more or less",
                "other program types run under whatever mask the task has in force",
            ),
        )
