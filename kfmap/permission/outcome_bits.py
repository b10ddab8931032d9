"""Outcomes of all kfuncs in one context at once, as bitsets: the columns of a matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

from kfmap.kernel.program_facts import NEVER, KernelPart
from kfmap.permission.attach_targets import find_target_problem
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.hook_table import Listed
from kfmap.permission.layers import CSS_TASK_ITERATOR, TRAP, allowlisted, is_closed_by_jit
from kfmap.permission.missing import Missing
from kfmap.permission.outcome_words import (
    ALLOWED,
    FAILS_AT_RUN_TIME,
    LETTER_OF,
    NOT_ON_THIS_KERNEL,
    ONLY_IF_SLEEPABLE,
    REFUSED,
    UNKNOWN,
    WILL_NOT_LOAD,
)
from kfmap.permission.sleeping import find_sleep_answer
from kfmap.quick_dataclass import dataclass

_BIT_WORDS = (ALLOWED, ONLY_IF_SLEEPABLE, WILL_NOT_LOAD, FAILS_AT_RUN_TIME, UNKNOWN)


@dataclass(frozen=True, slots=True)
class OutcomeColumn:
    """The kfuncs of a kernel by outcome, bit n for `Decider.kfuncs[n]`; the rest is refused.

    `absent`: the kernel is built without programs of this type, so that nothing is there to ask.
    """

    allowed: int = 0
    only_if_sleepable: int = 0
    will_not_load: int = 0
    fails_at_run_time: int = 0
    unknown: int = 0
    absent: bool = False

    def word(self, row: int) -> str:
        """Return the outcome of one kfunc."""
        if self.absent:
            return NOT_ON_THIS_KERNEL
        for word in _BIT_WORDS:
            if self.bits(word) >> row & 1:
                return word
        return REFUSED

    def letter(self, row: int) -> str:
        """Return the outcome of one kfunc as a letter."""
        return LETTER_OF[self.word(row)]

    def bits(self, word: str) -> int:
        """Return the kfuncs of one outcome other than refused."""
        found: int = getattr(self, word)
        return found

    def joined(self, other: OutcomeColumn, shift: int) -> OutcomeColumn:
        """Return both columns of one context as one: `other` begins at row `shift`."""
        allowed, only, blocked, fails, unknown = (
            self.bits(word) | other.bits(word) << shift for word in _BIT_WORDS
        )
        return OutcomeColumn(allowed, only, blocked, fails, unknown, self.absent)


class OutcomeColumns:
    """Makes columns for one kernel; agrees with `OutcomeJudge` cell by cell."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider
        self._bit = {name: 1 << row for row, name in enumerate(decider.kfuncs)}
        self._everything = (1 << len(decider.kfuncs)) - 1

    def column(self, context: Context, allowed: int, possible: int) -> OutcomeColumn:
        """Return the outcomes where `allowed` and `possible` are what `Decider.bits` gave."""
        if not Missing(KernelPart.PROGRAM_TYPE, context.program_type).is_in(self._decider):
            return OutcomeColumn(absent=True)
        if self._decider.observations:  # permission alone is known of it
            return OutcomeColumn(unknown=possible)
        member = self._decider.views.find_member(context)
        sleep = find_sleep_answer(context, self._decider.views)
        form = sleep.blocks(context.sleepable)
        closed = member is not None and member.supported is False
        closed = closed or is_closed_by_jit(member, self._decider.views)
        closed = closed or find_target_problem(context, self._decider.facts) is not None
        if closed or (form and context.sleepable):
            return OutcomeColumn(will_not_load=self._everything)
        broken = self._broken
        unsure = possible & ~allowed
        if form is None or (member and member.supported is None):
            return OutcomeColumn(will_not_load=broken, unknown=possible & ~broken)
        asks, may_ask = self._askers(context, form=bool(form))
        fails = self._fails(context) & allowed
        only = allowed & asks & ~fails & ~broken if sleep.word != NEVER else 0
        blocked = (allowed & asks & ~only) | broken
        trap = allowed & ~broken & self._bit.get(TRAP, 0)
        only &= ~trap
        blocked |= trap
        unsure |= allowed & may_ask & ~asks & ~trap
        rest = allowed & ~asks & ~broken & ~unsure & ~trap
        return OutcomeColumn(
            allowed=rest & ~fails,
            only_if_sleepable=only,
            will_not_load=blocked,
            fails_at_run_time=rest & fails,
            unknown=unsure & ~broken,
        )

    @cached_property
    def _broken(self) -> int:
        """Return the kfuncs that no program can load."""
        return self._sum(
            kfunc.name for kfunc in self._decider.facts.kfuncs if kfunc.callable_in_btf is False
        )

    def _askers(self, context: Context, *, form: bool) -> tuple[int, int]:
        """Return the kfuncs that surely and possibly ask for a program that sleeps more."""
        if context.sleepable:
            return 0, 0
        if form:
            return self._everything, self._everything
        surely = possibly = seen = 0
        for hook in self._decider.hooks_asked(context):
            listed, sure, possible = self._sleepers(hook)
            surely |= sure & ~seen
            possibly |= possible & ~seen
            seen |= listed
        css = 0 if allowlisted(context) else self._bit.get(CSS_TASK_ITERATOR, 0)
        return surely | css, possibly | css

    def _sleepers(self, hook: str) -> tuple[int, int, int]:
        """Return the kfuncs of a hook: all, those of which every entry may sleep, and any entry."""
        if hook not in self._by_hook:
            found: dict[str, list[Listed]] = {}
            for (_, name), table in self._decider.tables.hooks.items():
                for kfunc, listed in table.listed.items() if name == hook else ():
                    found.setdefault(kfunc, []).extend(listed)
            self._by_hook[hook] = (
                self._sum(found),
                self._sum(kfunc for kfunc in found if _sleeps(found[kfunc], all)),
                self._sum(kfunc for kfunc in found if _sleeps(found[kfunc], any)),
            )
        return self._by_hook[hook]

    @cached_property
    def _by_hook(self) -> dict[str, tuple[int, int, int]]:
        return {}

    def _fails(self, context: Context) -> int:
        failing = self._decider.run_time_layer.find_failing(context)
        return self._sum(name for name in failing if name in self._bit)

    def _sum(self, names: Iterable[str]) -> int:
        return sum(self._bit[name] for name in set(names))


def _sleeps(listed: Iterable[Listed], judge: Callable[[Iterable[bool]], bool]) -> bool:
    return judge("KF_SLEEPABLE" in item.entry.flags for item in listed)
