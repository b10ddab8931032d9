"""From run time to load time: the masks of one kernel against the filters of a later one.

Over the ops and kfuncs that both have: does a call that passed (or failed) while the older kernel
ran its callback load (or not) on the newer one?
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from kfmap.permission.bits import has_bit
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.subsystem import find_own_kfuncs
from kfmap.permission.verdict import FAILS
from kfmap.permission.view import STRUCT_OPS_TYPE


@dataclass(frozen=True, slots=True)
class Change:
    """A cell that one kernel lets pass and the other does not."""

    member: str
    kfunc: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Handover:
    """The cells compared, and those that differ. `passed` is what the older kernel's masks did."""

    cells: int
    changes: tuple[Change, ...]

    def count_by_kfunc(self) -> dict[str, int]:
        """Return the number of cells that differ for each kfunc."""
        return dict(sorted(Counter(change.kfunc for change in self.changes).items()))


def compare_handover(older: Decider, newer: Decider, struct_ops: str) -> Handover:
    """Compare the run-time masks of `older` with the load-time verdicts of `newer`."""
    if older.run_time is None:
        return Handover(0, ())
    members = [member for name, member in older.run_time.ops if name == struct_ops]
    kfuncs = sorted(find_own_kfuncs(older, struct_ops) & set(newer.kfuncs))
    cells = 0
    changes = []
    for member in members:
        context = Context(STRUCT_OPS_TYPE, struct_ops=struct_ops, member=member)
        if newer.views.find_member(context) is None:
            continue
        bits = newer.bits(context)
        for kfunc in kfuncs:
            cells += 1
            passed = older.run_time.decide(context, kfunc)[0] != FAILS
            loads = has_bit(bits.allowed, newer.kfuncs.index(kfunc))
            if passed != loads:
                changes.append(Change(member, kfunc, passed))
    return Handover(cells, tuple(changes))


def describe_handover(handover: Handover) -> str:
    """Return a comparison in a few lines of text."""
    lines = [f"{len(handover.changes)} of {handover.cells} cells differ"]
    for passed, words in ((True, "passed, now refused"), (False, "failed, now allowed")):
        found = [change for change in handover.changes if change.passed == passed]
        by_kfunc: dict[str, list[str]] = {}
        for change in found:
            by_kfunc.setdefault(change.kfunc, []).append(change.member)
        for kfunc, members in sorted(by_kfunc.items()):
            lines.append(f"  {words}: {kfunc} in {', '.join(members)}")
    return "\n".join(lines) + "\n"
