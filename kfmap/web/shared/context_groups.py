"""Contexts in groups that people look for: the members of each ops structure, kinds of program."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from kfmap.permission.context import Context
from kfmap.permission.context_words import KPROBE, LSM, TRACING, type_word
from kfmap.permission.view import EXT_TYPE

PROGRAM_TYPES = "program types"
_OWN_GROUP = {TRACING, LSM, KPROBE, EXT_TYPE}


@dataclass(slots=True)
class Family:
    """Contexts that stand together; `columns` are their indexes in the matrix."""

    name: str
    is_struct_ops: bool
    columns: list[int] = field(default_factory=list)


def family_name(context: Context) -> str:
    """Return the group of a context."""
    if context.struct_ops:
        return context.struct_ops
    if context.program_type in _OWN_GROUP:
        return "freplace" if context.program_type == EXT_TYPE else type_word(context.program_type)
    return PROGRAM_TYPES


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
