"""The names of a kernel that can be looked for, each with its kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context
from kfmap.permission.section_names import render_section_name

_OPTION = re.compile(r"CONFIG_\w+")


class NameKind(StrEnum):
    """What has a name; the last three name a kfunc, by what the detail says of it.

    The detail of a section name is the context that it stands for.
    """

    KFUNC = "kfunc"
    HELPER = "helper"
    CALLBACK = "callback"
    DATA_MEMBER = "data member"
    STRUCT_OPS = "ops structure"
    SET = "set"
    FILTER = "filter"
    HOOK = "hook"
    CONTEXT = "context"
    SECTION = "section name"
    FLAG = "flag"
    HAS_FLAG = "kfunc by flag"
    HAS_PROTOTYPE = "kfunc by prototype"
    HAS_OPTION = "kfunc by option"


class Name(NamedTuple):
    """A name as it is stored."""

    kind: str
    name: str
    detail: str = ""


def gather_names(kernel: LoadedKernel, listed: Sequence[Context]) -> Iterator[Name]:
    """Yield every name of a kernel; `listed` are the contexts of its matrix."""
    facts, kfuncs = kernel.facts, kernel.decider.kfuncs
    yield from (Name(NameKind.KFUNC, name) for name in kfuncs)
    yield from (Name(NameKind.HELPER, name) for name in kernel.decider.helpers.names)
    for ops in facts.struct_ops:
        yield Name(NameKind.STRUCT_OPS, ops.name)
        for member in ops.members:
            kind = NameKind.CALLBACK if member.callback else NameKind.DATA_MEMBER
            yield Name(kind, f"{ops.name}.{member.name}")
    yield from (Name(NameKind.SET, item.id) for item in facts.sets)
    yield from (Name(NameKind.FILTER, item.id) for item in facts.filters)
    yield from (Name(NameKind.HOOK, name) for name in facts.hooks)
    yield from (Name(NameKind.HOOK, item.hook) for item in facts.registrations)
    plain = [context for context in listed if not context.struct_ops]
    yield from (Name(NameKind.CONTEXT, render_context(context)) for context in plain)
    sections = {render_section_name(context): context for context in reversed(plain)}
    for section, context in sections.items():
        if section:
            yield Name(NameKind.SECTION, section, render_context(context))
    yield from (Name(NameKind.FLAG, flag.name) for flag in facts.kfunc_flags)
    yield from _gather_details(kernel, frozenset(kfuncs))


def _gather_details(kernel: LoadedKernel, kfuncs: frozenset[str]) -> Iterator[Name]:
    """Yield kfuncs by what else they are looked for: flags, prototypes, options."""
    for kfunc in kernel.facts.kfuncs:
        if kfunc.prototype:
            yield Name(NameKind.HAS_PROTOTYPE, kfunc.name, kfunc.prototype)
    for kfunc_set in kernel.facts.sets:
        for entry in kfunc_set.entries:
            for option in _OPTION.findall(entry.condition):
                yield Name(NameKind.HAS_OPTION, entry.kfunc, option)
            if entry.kfunc in kfuncs:
                yield from (Name(NameKind.HAS_FLAG, entry.kfunc, flag) for flag in entry.flags)
    for left in kernel.facts.left_out or ():
        yield from (Name(NameKind.HAS_OPTION, left.name, option) for option in left.options)
