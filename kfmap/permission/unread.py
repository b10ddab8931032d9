"""Registrations that may be there and were not understood: which cells each of them could touch.

Nothing that one of them could allow is refused for sure, and nothing that a filter of it could
refuse is allowed for sure.
"""

from __future__ import annotations

from collections.abc import Collection

from kfmap.kernel.facts import (
    REGISTERING,
    UNREAD_OPS,
    KernelFacts,
    NotUnderstood,
    UnreadRegistration,
)
from kfmap.permission.verdict import Reason, give_reason
from kfmap.quick_dataclass import dataclass

UNREAD_RULE = "unread_registration"


@dataclass(frozen=True, slots=True)
class Unread:
    """One such registration; `kfuncs` and `hooks` None stand for any."""

    kfuncs: frozenset[str] | None
    hooks: frozenset[str] | None
    owner: str
    filters: bool
    removes: bool
    reason: Reason

    def is_on(self, hooks: Collection[str]) -> bool:
        """Return whether it could register on one of these hooks."""
        return self.hooks is None or not self.hooks.isdisjoint(hooks)

    def may_refuse_on(self, owner: str, hook: str) -> bool:
        """Return whether it could bring a filter to an object's table for a hook, or empty it."""
        may_refuse = self.filters or self.removes
        return may_refuse and owner == self.owner and (self.hooks is None or hook in self.hooks)

    @property
    def filter_id(self) -> str:
        """Return a name for its filter, which is none of the kernel's."""
        return f"? {self.reason.where} {self.reason.text}"

    @property
    def filter_reason(self) -> Reason:
        """Return the doubt that its filter may refuse what is registered beside it."""
        text = "a filter of what could not be read there may refuse it"
        if not self.filters:
            text = f"a {self.reason.text} may take it away"
        return Reason(UNREAD_RULE, text, self.reason.file, self.reason.line)


def find_unread(facts: KernelFacts) -> tuple[Unread, ...]:
    """Return what may register kfuncs; what is not said of it counts as any kfunc on any hook."""
    described = {(item.place, item.construct) for item in facts.unread}
    found = [_describe(item) for item in facts.unread]
    found += [
        Unread(None, None, "", filters=False, removes=False, reason=_reason(item))
        for item in facts.not_understood
        if item.construct in REGISTERING and (item.place, item.construct) not in described
    ]
    return tuple(found)


def find_unread_types(facts: KernelFacts) -> tuple[Reason, ...]:
    """Return what may register a struct_ops type that is not known."""
    found = (item for item in facts.not_understood if item.construct == UNREAD_OPS)
    return tuple(
        give_reason(UNREAD_RULE, f"a {item.construct} could not be read ({item.text})", item.place)
        for item in found
    )


def _describe(item: UnreadRegistration) -> Unread:
    return Unread(
        None if item.kfuncs is None else frozenset(item.kfuncs),
        None if item.hooks is None else frozenset(item.hooks),
        item.owner,
        item.filters,
        item.removes,
        _reason(item),
    )


def _reason(item: NotUnderstood | UnreadRegistration) -> Reason:
    text = f"a {item.construct} could not be read ({item.text}), and may allow it"
    return give_reason(UNREAD_RULE, text, item.place)
