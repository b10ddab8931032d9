"""Contexts in groups that people look for: the members of each ops structure, kinds of program."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from kfmap.permission.context import Context
from kfmap.permission.context_families import PROGRAM_TYPES, family_name


@dataclass(slots=True)
class Family:
    """Contexts that stand together; `columns` are their indexes in the matrix."""

    name: str
    is_struct_ops: bool
    columns: list[int] = field(default_factory=list)


def short_name(context: Context, name: str) -> str:
    """Return the name of a context inside its group."""
    if context.struct_ops:
        return context.member or name
    return name.partition(":")[0] if family_name(context) == PROGRAM_TYPES else name


def group_contexts(contexts: Iterable[Context]) -> list[Family]:
    """Return the groups: plain program types first, ops structures last."""
    families: dict[str, Family] = {PROGRAM_TYPES: Family(PROGRAM_TYPES, False)}
    for column, context in enumerate(contexts):
        name = family_name(context)
        family = families.setdefault(name, Family(name, bool(context.struct_ops)))
        family.columns.append(column)
    found = [family for family in families.values() if family.columns]
    return sorted(found, key=lambda family: family.is_struct_ops)
