"""Members of one ops structure that allow exactly the same: candidates for one rule."""

from __future__ import annotations

from collections.abc import Iterator

from kfmap.permission.decide import Decider
from kfmap.permission.findings.finding import NOTE, Finding
from kfmap.permission.member_classes import group_members

MEMBER_CLASSES = "member_classes"  # the kind of these findings


def find_member_classes(decider: Decider) -> Iterator[Finding]:
    """Return for each struct_ops type its classes of members with equal rights."""
    for ops in decider.facts.struct_ops:
        classes = group_members(decider, ops.name)
        if len(classes) > 1:
            told = "; ".join(
                f"{', '.join(item.members)} ({item.bits.allowed.bit_count()} kfuncs)"
                for item in classes
            )
            members = sum(len(item.members) for item in classes)
            text = f"{members} members in {len(classes)} classes: {told}"
            yield Finding(MEMBER_CLASSES, NOTE, ops.name, text, (ops.place,))
