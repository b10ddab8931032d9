"""Members of one ops structure, grouped by what they may call."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from kfmap.permission.contexts import build_member_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.matrix import Matrix, fill_matrix


@dataclass(frozen=True, slots=True)
class MemberClass:
    """Members that may call exactly the same kfuncs, as bits in the order of `Decider.kfuncs`."""

    members: tuple[str, ...]
    allowed: int
    possible: int


def build_member_matrix(decider: Decider, struct_ops: str) -> Matrix:
    """Decide the cells of the members that a program may implement."""
    contexts = []
    for context in build_member_contexts(decider.facts, struct_ops):
        member = decider.views.find_member(context)
        if member and member.supported is not False:
            contexts.append(context)
    return fill_matrix(decider, tuple(contexts))


def group_members(matrix: Matrix) -> tuple[MemberClass, ...]:
    """Group the members of a matrix by what they may call, in the order of the struct."""
    classes: dict[tuple[int, int], list[str]] = defaultdict(list)
    for context, allowed, possible in zip(
        matrix.contexts, matrix.allowed, matrix.possible, strict=True
    ):
        classes[allowed, possible].append(context.member or "")
    return tuple(
        MemberClass(tuple(members), allowed, possible)
        for (allowed, possible), members in classes.items()
    )
