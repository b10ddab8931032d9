"""A filter per set that sees program type and attach type, but not which struct_ops member calls.

It must let pass whatever some member may do: contexts it cannot tell apart get the same rights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

from kfmap.permission.bits import KfuncBits
from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context
from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.mechanism import NEVER, Costs, Mechanism, find_meant
from kfmap.permission.verdict import Reason, Step

_NAMED = 6
_Key = tuple[str, str | None, str | None]


class SetFilter(Mechanism):
    """Filters without struct_ops context, as in kernels before 6.16."""

    id: ClassVar[str] = "set_filter"
    title: ClassVar[str] = "Filter per set without context"

    def __init__(self, decider: Decider, contexts: tuple[Context, ...]) -> None:
        super().__init__(decider, contexts)
        self._rights: dict[_Key, KfuncBits] = {}
        self._alike: dict[_Key, int] = {}
        for context in contexts:
            allowed, possible = find_meant(decider, context)
            before = self._rights.get(_key(context), KfuncBits(0, 0))
            together = KfuncBits(before.allowed | allowed, before.possible | possible)
            self._rights[_key(context)] = together
            self._alike[_key(context)] = self._alike.get(_key(context), 0) + 1

    def bits(self, context: Context) -> KfuncBits:
        """Return what some context of the same program and attach type may call."""
        found = self._rights.get(_key(context))
        return find_meant(self.decider, context) if found is None else found

    def explain(self, context: Context, kfunc: str) -> tuple[Reason, ...]:
        """Return how many contexts the filter cannot tell apart."""
        count = self._alike.get(_key(context), 1)
        text = f"the filter sees the same in {count} contexts and must let pass what one may"
        return (Reason(Step.SET_FILTER, text),)

    def costs(self) -> Costs:
        """No cost at run time; what it lets pass too much is never noticed."""
        return Costs(
            noticed=NEVER,
            bits=None,
            checked_calls=0,
            declared=len({item.filter for item in self.decider.facts.registrations} - {""}),
            in_module="cannot narrow kfuncs of vmlinux: its filter sees its own only",
            limits=(
                f"tells {len(self._rights)} of {len(self.contexts)} contexts apart",
                *(f"cannot tell apart: {words}" for words in self._list_alike()),
                f"at most {self.decider.facts.decision.filter_limit} filters per hook",
            ),
        )

    def _list_alike(self) -> Iterator[str]:
        """Return which contexts the filter sees the same in, for each group of several."""
        groups: dict[_Key, list[Context]] = {}
        for context in self.contexts:
            groups.setdefault(_key(context), []).append(context)
        for group in groups.values():
            types = Counter(c.struct_ops for c in group if c.struct_ops)
            if types:
                told = ", ".join(f"{count} callbacks of {name}" for name, count in types.items())
            else:
                told = ", ".join(map(render_context, group[:_NAMED]))
                told += f" and {len(group) - _NAMED} more" if len(group) > _NAMED else ""
            if len(group) > 1:
                yield told


def _key(context: Context) -> _Key:
    return context.program_type, context.attach_type, context.replaces
