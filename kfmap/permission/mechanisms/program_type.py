"""Program type only: a kfunc may be called from every program whose type's hook lists it."""

from __future__ import annotations

from typing import ClassVar

from kfmap.permission.bits import KfuncBits
from kfmap.permission.context import Context
from kfmap.permission.mechanisms.mechanism import NEVER, Costs, Mechanism
from kfmap.permission.verdict import Reason, Step, give_reason


class ProgramTypeOnly(Mechanism):
    """Registrations and hooks without filters, as in kernels up to 6.1."""

    id: ClassVar[str] = "program_type"
    title: ClassVar[str] = "Program type only"

    def bits(self, context: Context) -> KfuncBits:
        """Return what the hooks list, whatever filters say."""
        return self.decider.listed_bits(context)

    def explain(self, context: Context, kfunc: str) -> tuple[Reason, ...]:
        """Name the registrations on the hooks of this program type."""
        hooks = self.decider.hooks_asked(context)
        reasons = []
        for hook in hooks:
            for listed in self.decider.find_listed(kfunc, hook):
                text = f"in set {listed.kfunc_set.name} on {hook.removeprefix('BTF_KFUNC_HOOK_')}"
                reasons.append(give_reason(Step.SET, text, listed.registration.place))
        return tuple(reasons) or (Reason(Step.SET, "in no set of this program type's hooks"),)

    def costs(self) -> Costs:
        """Nothing at run time; what it lets pass too much is never noticed."""
        facts = self.decider.facts
        return Costs(
            noticed=NEVER,
            bits=None,
            checked_calls=0,
            declared=len(facts.registrations),
            in_module="registers one set of its own kfuncs per hook, for whole program types",
            limits=(
                "cannot tell members or struct_ops types apart",
                f"at most {facts.decision.set_limit or 'unlimited'} kfuncs per hook",
            ),
        )
