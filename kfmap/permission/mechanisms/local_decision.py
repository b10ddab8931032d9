"""Local decision: nothing is declared globally; a callback of the subsystem decides each call."""

from __future__ import annotations

from typing import ClassVar

from kfmap.permission.bits import KfuncBits
from kfmap.permission.context import Context
from kfmap.permission.mechanisms.mechanism import AT_LOAD, Costs, Mechanism, find_meant
from kfmap.permission.mechanisms.subsystem import find_own_kfuncs
from kfmap.permission.verdict import Reason, Step
from kfmap.permission.view import STRUCT_OPS_TYPE


class LocalDecision(Mechanism):
    """The struct_ops type itself says which kfuncs its members may call."""

    id: ClassVar[str] = "local_decision"
    title: ClassVar[str] = "Local decision"

    def bits(self, context: Context) -> KfuncBits:
        """Return what the kernel means; outside struct_ops the program type decides alone."""
        if context.program_type == STRUCT_OPS_TYPE:
            return find_meant(self.decider, context)
        return self.decider.listed_bits(context)

    def explain(self, context: Context, kfunc: str) -> tuple[Reason, ...]:
        """Return what the callback must know to answer."""
        if context.program_type != STRUCT_OPS_TYPE:
            text = "no struct_ops type to ask: the program type decides"
        elif kfunc in find_own_kfuncs(self.decider, context.struct_ops or ""):
            text = f"{context.struct_ops} decides by member {context.member}: one of its own kfuncs"
        else:
            text = f"{context.struct_ops} must know {kfunc}, which another subsystem brings"
        return (Reason(Step.LOCAL, text),)

    def costs(self) -> Costs:
        """Every callback must know all kfuncs it may be asked about, foreign ones too."""
        types = {context.struct_ops for context in self.contexts if context.struct_ops}
        listed = 0
        known: set[str] = set()
        for context in self.contexts:
            if context.program_type == STRUCT_OPS_TYPE:
                listed |= self.decider.listed_bits(context)[0]
        for struct_ops in types:
            known |= find_own_kfuncs(self.decider, struct_ops)
        foreign = max(listed.bit_count() - len(known), 0)
        return Costs(
            noticed=AT_LOAD,
            bits=None,
            checked_calls=0,
            declared=len(types),
            in_module="decides for its own callbacks itself; vmlinux only has to ask",
            limits=(
                f"{', '.join(sorted(types)) or 'nobody'} must know of each call its kfunc and which"
                " member makes it",
                f"that is {listed.bit_count()} kfuncs to answer for, {foreign} of them of other"
                " subsystems",
                "a kfunc that is new elsewhere is unknown to every callback written before it",
                "program types without struct_ops have nobody to ask",
            ),
        )
