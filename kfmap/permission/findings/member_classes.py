"""Members of one ops structure that allow exactly the same: candidates for one rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from kfmap.permission.contexts import build_member_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.findings.finding import NOTE, Finding


def find_member_classes(decider: Decider) -> Iterator[Finding]:
    """Return for each struct_ops type its classes of members with equal rights."""
    for ops in decider.facts.struct_ops:
        classes: dict[tuple[int, int], list[str]] = defaultdict(list)
        for context in build_member_contexts(decider.facts, ops.name):
            member = decider.views.find_member(context)
            if member and member.supported is not False:
                classes[decider.bits(context)].append(member.name)
        if len(classes) > 1:
            told = "; ".join(
                f"{', '.join(names)} ({allowed.bit_count()} kfuncs)"
                for (allowed, _), names in classes.items()
            )
            text = f"{sum(map(len, classes.values()))} members in {len(classes)} classes: {told}"
            yield Finding("member_classes", NOTE, ops.name, text, (ops.place,))
