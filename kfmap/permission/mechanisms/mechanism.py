"""What all mechanisms have in common: facts in, a verdict per context and kfunc out.

A mechanism answers "would this way of checking let the call pass". The kernel's own meaning,
against which it is compared, is its load-time verdict together with its run-time masks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.verdict import ALLOWED, FAILS, REFUSED, UNKNOWN, Reason, Verdict

AT_LOAD = "load"
AT_RUN_TIME = "run time"
NEVER = "never"


@dataclass(frozen=True, slots=True)
class Costs:
    """What a mechanism costs. `bits` is None where it has no bits.

    `checked_calls`: kfuncs that pay a check on each call. `declared`: things somebody must declare
    (registrations, masks, table rows, filters); `in_module`: what is otherwise for a subsystem in a
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
    def bits(self, context: Context) -> tuple[int, int]:
        """Return the kfuncs surely and possibly let pass, bits in the order of `Decider.kfuncs`."""

    @abstractmethod
    def explain(self, context: Context, kfunc: str) -> tuple[Reason, ...]:
        """Say why this mechanism answers as it does for one cell."""

    @abstractmethod
    def costs(self) -> Costs:
        """Return the costs and limits of the mechanism for this kernel."""

    def decide(self, context: Context, kfunc: str) -> Verdict:
        """Return the mechanism's verdict of one cell, in the words of the kernel's own."""
        if kfunc not in self.decider.kfuncs:
            return Verdict(REFUSED, None, (Reason("no_kfunc", f"{kfunc} is in no set"),))
        place = self.decider.kfuncs.index(kfunc)
        allowed, possible = self.bits(context)
        verdict = ALLOWED if allowed >> place & 1 else UNKNOWN if possible >> place & 1 else REFUSED
        return Verdict(verdict, None, self.explain(context, kfunc))


def find_meant(decider: Decider, context: Context) -> tuple[int, int]:
    """Return what the kernel means to allow: load-time permission, less what fails at run time."""
    allowed, possible = decider.bits(context)
    failing = find_failing(decider, context)
    return allowed & ~failing, possible & ~failing


def find_failing(decider: Decider, context: Context) -> int:
    """Return the kfuncs whose run-time guard fails in a context."""
    if decider.run_time is None:
        return 0
    failing = 0
    for place, kfunc in enumerate(decider.kfuncs):
        if kfunc in decider.run_time.guards:
            answer, _ = decider.run_time.decide(context, kfunc)
            if answer == FAILS:
                failing |= 1 << place
    return failing
