"""A filter with struct_ops context: it sees the ops pointer and the member's offset."""

from __future__ import annotations

from typing import ClassVar

from kfmap.kernel.rule_form import MemberAt, StructOpsIs, TableHas, find_atoms
from kfmap.permission.bits import KfuncBits
from kfmap.permission.context import Context
from kfmap.permission.mechanisms.mechanism import AT_LOAD, Costs, Mechanism, find_meant
from kfmap.permission.verdict import Reason

_OF_STRUCT_OPS = (StructOpsIs, MemberAt, TableHas)


class ContextFilter(Mechanism):
    """What the kernel means, decided at load; newer kernels decide so themselves."""

    id: ClassVar[str] = "context_filter"
    title: ClassVar[str] = "Filter with struct_ops context"

    def bits(self, context: Context) -> KfuncBits:
        """Return what the kernel means in this very context."""
        return find_meant(self.decider, context)

    def explain(self, context: Context, kfunc: str) -> tuple[Reason, ...]:
        """Return the kernel's own reasons."""
        return self.decider.decide(context, kfunc).reasons

    def costs(self) -> Costs:
        """Filters and table rows to declare; nothing at run time."""
        facts = self.decider.facts
        rows = sum(len(table.rows) for table in facts.tables)
        filters = {item.filter for item in facts.registrations} - {""}
        return Costs(
            noticed=AT_LOAD,
            bits=None,
            checked_calls=0,
            declared=len(filters) + rows,
            in_module="its filter sees its own kfuncs only, never those of vmlinux",
            limits=(
                self._describe_own(),
                f"at most {facts.decision.filter_limit} filters per hook, and each runs for every"
                " kfunc of the hook",
                "knows no nesting: a callback that runs inside another counts as itself",
            ),
        )

    def _describe_own(self) -> str:
        """Return which filters of this kernel look at struct_ops already."""
        names = [
            item.name
            for item in self.decider.facts.filters
            if any(isinstance(atom, _OF_STRUCT_OPS) for atom in find_atoms(item.rule))
        ]
        if not names:
            return "no filter of this kernel looks at struct_ops"
        return f"this kernel decides so itself in {', '.join(names)}"
