"""Which contexts mechanisms are compared over: a struct_ops type, a subsystem, all."""

from __future__ import annotations

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context import Context
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.subsystem import folder_of

MEMBERS = "members"
EVERYTHING = "everything"


def list_scopes(facts: KernelFacts) -> list[str]:
    """Return the scopes of a kernel: each struct_ops type, those of one folder as a+b, all."""
    folders: dict[str, list[str]] = {}
    for ops in facts.struct_ops:
        folders.setdefault(folder_of(ops.place), []).append(ops.name)
    together = ["+".join(names) for names in folders.values() if len(names) > 1]
    return [*(ops.name for ops in facts.struct_ops), *together, MEMBERS, EVERYTHING]


def list_contexts(decider: Decider, scope: str) -> tuple[Context, ...]:
    """Return the contexts of a scope that a program can have, none for a scope there is not.

    Freplace programs are left out: they have the rights of what they replace.
    """
    types = set(scope.split("+"))
    return tuple(
        context
        for context in build_contexts(decider.facts)
        if not context.replaces
        and decider.views.may_attach(context)
        and (
            scope == EVERYTHING
            or (scope == MEMBERS and context.struct_ops)
            or context.struct_ops in types
        )
    )
