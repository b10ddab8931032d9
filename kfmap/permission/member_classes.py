"""Members of one ops structure, grouped by what they may call."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from kfmap.permission.bits import KfuncBits
from kfmap.permission.context import Context
from kfmap.permission.contexts import build_member_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.outcome_bits import OutcomeColumn, OutcomeColumns


@dataclass(frozen=True, slots=True)
class MemberClass:
    """Members that may call exactly the same kfuncs."""

    members: tuple[str, ...]
    bits: KfuncBits


@dataclass(frozen=True, slots=True)
class OutcomeClass:
    """Members in which every call has the same outcome."""

    members: tuple[str, ...]
    outcomes: OutcomeColumn


def list_attachable(decider: Decider, struct_ops: str) -> tuple[Context, ...]:
    """Return the contexts of the members that a program may implement, in the struct's order."""
    contexts = build_member_contexts(decider.facts, struct_ops)
    return tuple(context for context in contexts if decider.views.may_attach(context))


def group_members(decider: Decider, struct_ops: str) -> tuple[MemberClass, ...]:
    """Group the members that a program may implement, in the order of the struct."""
    classes: dict[KfuncBits, list[str]] = defaultdict(list)
    for context in list_attachable(decider, struct_ops):
        classes[decider.bits(context)].append(context.member or "")
    return tuple(MemberClass(tuple(members), bits) for bits, members in classes.items())


def group_outcomes(decider: Decider, struct_ops: str) -> tuple[OutcomeClass, ...]:
    """Group the members by what becomes of calls in them, sleeping included."""
    columns = OutcomeColumns(decider)
    classes: dict[OutcomeColumn, list[str]] = defaultdict(list)
    for context in list_attachable(decider, struct_ops):
        column = columns.column(context, *decider.bits(context))
        classes[column].append(context.member or "")
    return tuple(OutcomeClass(tuple(members), column) for column, members in classes.items())
