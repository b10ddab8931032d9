"""What all mechanisms have in common: facts in, a verdict per context and kfunc out.

A mechanism answers "would this way of checking let the call pass". The kernel's own meaning,
against which it is compared, is its load-time verdict together with its run-time masks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar
from weakref import WeakKeyDictionary

from kfmap.permission.bits import KfuncBits
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.table import CapabilityTable
from kfmap.permission.verdict import REFUSED, Reason, Step, Verdict

AT_LOAD = "load"
AT_RUN_TIME = "run time"
NEVER = "never"

_meant: WeakKeyDictionary[Decider, dict[Context, KfuncBits]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Costs:
    """What a mechanism costs. `bits` is None where it has no bits.

    `checked_calls`: kfuncs that pay a check on each call. `declared`: things somebody must declare
    (registrations, masks, table rows, filters); `in_module`: what changes for a subsystem in a
    module; `limits` in words.
    """

    noticed: str
    bits: int | None
    checked_calls: int
    declared: int
    in_module: str
    limits: tuple[str, ...]


class Mechanism(ABC):
    """One way of deciding who may call what, working from one kernel's facts."""

    id: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, decider: Decider, contexts: tuple[Context, ...]) -> None:
        self.decider = decider
        self.contexts = contexts

    @abstractmethod
    def bits(self, context: Context) -> KfuncBits:
        """Return the kfuncs surely and possibly let pass, bits in the order of `Decider.kfuncs`."""

    @abstractmethod
    def explain(self, context: Context, kfunc: str) -> tuple[Reason, ...]:
        """Return why this mechanism answers as it does for one cell."""

    @abstractmethod
    def costs(self) -> Costs:
        """Return the costs and limits of the mechanism for this kernel."""

    @property
    def table(self) -> CapabilityTable | None:
        """Return the capability bits that decide, None where no bits do."""
        return None

    @property
    def full_title(self) -> str:
        """Return the title, with the reading where the bits can be read in two ways."""
        return self.title

    def late(self, context: Context) -> int:
        """Return the kfuncs that load in a context and then fail while the program runs."""
        return 0

    def guarded(self) -> frozenset[str]:
        """Return the kfuncs that check a mask each time they are called."""
        return frozenset()

    def decide(self, context: Context, kfunc: str) -> Verdict:
        """Return the mechanism's verdict of one cell, in the words of the kernel's own."""
        if kfunc not in self.decider.kfuncs:
            return Verdict(REFUSED, None, (Reason(Step.NO_KFUNC, f"{kfunc} is in no set"),))
        place = self.decider.kfuncs.index(kfunc)
        return Verdict(self.bits(context).word(place), None, self.explain(context, kfunc))


def find_meant(decider: Decider, context: Context) -> KfuncBits:
    """Return what the kernel means to allow: load-time permission, less what fails at run time.

    It is kept with the kernel: each mechanism, and each draft of one, is held against the same.
    """
    known = _meant.setdefault(decider, {})
    if context not in known:
        known[context] = decider.bits(context).without(find_failing(decider, context))
    return known[context]


def find_failing(decider: Decider, context: Context) -> int:
    """Return the kfuncs whose run-time guard fails in a context."""
    masks = decider.run_time
    op = masks.ops.get((context.struct_ops or "", context.member or "")) if masks else None
    if masks is None or op is None:
        return 0
    failing = set(masks.find_failing(op.mask))
    return sum(1 << place for place, kfunc in enumerate(decider.kfuncs) if kfunc in failing)
