"""One kernel → its rows: functions, contexts by class, and names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kfmap.catalogue.matrix_rows import MatrixRows, RowKind, build_rows
from kfmap.catalogue.models import FunctionRow
from kfmap.catalogue.rows.names import Name, gather_names
from kfmap.catalogue.store import LoadedKernel
from kfmap.kernel.program_facts import KernelPart
from kfmap.permission.context import Context
from kfmap.permission.context_families import PROGRAM_TYPES, family_name
from kfmap.permission.context_words import render_context
from kfmap.permission.decide import Decider
from kfmap.permission.outcome import OutcomeJudge
from kfmap.permission.outcome_bits import OutcomeColumn
from kfmap.permission.outcome_words import (
    ALLOWED,
    FAILS_AT_RUN_TIME,
    LETTER_OF,
    NOT_ON_THIS_KERNEL,
    ONLY_IF_SLEEPABLE,
    UNKNOWN,
)
from kfmap.permission.sleeping import find_sleepable_form
from kfmap.permission.unread import find_unread

_NO_FUNCTION = "no_kernel_has_a_function_of_this_name"
_ABSENT = LETTER_OF[NOT_ON_THIS_KERNEL]
_COUNTED = (ALLOWED, ONLY_IF_SLEEPABLE, FAILS_AT_RUN_TIME, UNKNOWN)
LEFT_OUT = "left out"  # program types that the configuration leaves out


@dataclass(frozen=True, slots=True)
class BuiltFunction:
    """A kfunc or a helper, with a letter for each class of contexts."""

    kind: str
    flags: tuple[str, ...] = ()
    prototype: str = ""
    letters: str = ""


@dataclass(frozen=True, slots=True)
class BuiltContext:
    """A context with its class, and how many kfuncs it may call."""

    listed: bool
    at: int
    allowed: int = 0
    asleep: int = 0
    fails: int = 0
    unknown: int = 0


Families = tuple[tuple[str, Mapping[int, int]], ...]


@dataclass(frozen=True, slots=True)
class BuiltRows:
    """All rows of one kernel; `parts` as `KernelRows` has them."""

    families: Families
    functions: Mapping[str, BuiltFunction]
    contexts: Mapping[str, BuiltContext]
    names: frozenset[Name]
    parts: Mapping[str, list[str]]
    absent: str
    knows_helpers: bool


def build_kernel_rows(kernel: LoadedKernel) -> BuiltRows:
    """Return the rows of a kernel."""
    found = build_rows(kernel, RowKind.ALL)
    listed = found.matrix.contexts
    forms = [find_sleepable_form(context, kernel.decider.views) for context in listed]
    asked = [form or context for form, context in zip(forms, listed, strict=True)]
    asleep = build_rows(kernel, RowKind.ALL, asked).outcomes
    contexts = [*listed, *filter(None, forms)]
    columns = [*found.outcomes, *(asleep[at] for at, form in enumerate(forms) if form)]
    unsure = _list_unsure(kernel.decider)
    absent = _absent_letters(kernel.decider, contexts, unsure)
    keys = list(zip(columns, absent, strict=True))
    classes = {key: at for at, key in enumerate(dict.fromkeys(keys))}
    numbers = [classes[key] for key in keys]
    functions = _build_functions(kernel, found, [column for column, _ in classes])
    for row, name in enumerate(unsure, 1):
        letters = "".join(absent[row] for _, absent in classes)
        functions[name] = BuiltFunction(FunctionRow.Kind.FUNCTION, letters=letters)
    return BuiltRows(
        _count_families(listed, numbers),
        functions,
        _build_contexts(contexts, columns, numbers, len(listed), len(kernel.decider.kfuncs)),
        frozenset(gather_names(kernel, listed)),
        _list_parts(kernel.decider),
        "".join(absent[0] for _, absent in classes),
        kernel.decider.helpers.knows,
    )


def _list_unsure(decider: Decider) -> list[str]:
    """Return the kfuncs that a kernel has only if what could not be read registers them."""
    named = {name for item in find_unread(decider.facts) for name in item.kfuncs or ()}
    return sorted(named - set(decider.kfuncs))


def _absent_letters(
    decider: Decider, contexts: Sequence[Context], unsure: Sequence[str]
) -> list[str]:
    """Return for each context the outcomes of a kfunc that is not there, and of unsure ones."""
    names = [_NO_FUNCTION, *unsure]
    if not decider.facts.unread and not decider.facts.not_understood and not decider.observations:
        return [_ABSENT * len(names)] * len(contexts)
    judge = OutcomeJudge(decider)
    return [
        "".join(LETTER_OF[judge.decide(context, name).outcome] for name in names)
        for context in contexts
    ]


def _count_families(listed: Sequence[Context], numbers: Sequence[int]) -> Families:
    found: dict[str, Counter[int]] = {}
    programs = [at for at, context in enumerate(listed) if not context.struct_ops]
    members = [at for at, context in enumerate(listed) if context.struct_ops]
    for at in (*programs, *members):
        found.setdefault(family_name(listed[at]), Counter())[numbers[at]] += 1
    first = {PROGRAM_TYPES: found.pop(PROGRAM_TYPES)} if PROGRAM_TYPES in found else {}
    return tuple({**first, **found}.items())


def _build_functions(
    kernel: LoadedKernel, found: MatrixRows, columns: Sequence[OutcomeColumn]
) -> dict[str, BuiltFunction]:
    return {
        name: BuiltFunction(
            kind,
            _flags_of(kernel.decider, name),
            known.prototype if (known := kernel.decider.find_kfunc(name)) else "",
            "".join(column.letter(row) for column in columns),
        )
        for row, (name, kind) in enumerate(zip(found.matrix.kfuncs, found.kinds, strict=True))
    }


def _flags_of(decider: Decider, kfunc: str) -> tuple[str, ...]:
    return tuple(sorted({flag for item in decider.find_listed(kfunc) for flag in item.entry.flags}))


def _build_contexts(
    contexts: Sequence[Context],
    columns: Sequence[OutcomeColumn],
    numbers: Sequence[int],
    listed: int,
    kfuncs: int,
) -> dict[str, BuiltContext]:
    of_kfuncs = (1 << kfuncs) - 1
    return {
        render_context(context): BuiltContext(
            at < listed,
            numbers[at],
            *((columns[at].bits(word) & of_kfuncs).bit_count() for word in _COUNTED),
        )
        for at, context in reversed(list(enumerate(contexts)))
    }


def _list_parts(decider: Decider) -> dict[str, list[str]]:
    """Return what `find_missing` asks for beside functions and structures."""
    facts = decider.facts
    left_out = [item.name for item in facts.left_out or () if item.kind == KernelPart.PROGRAM_TYPE]
    return {
        KernelPart.PROGRAM_TYPE: [item.name for item in facts.program_types],
        LEFT_OUT: left_out,
        KernelPart.ATTACH_TYPE: [item.name for item in facts.attach_types],
        KernelPart.LSM_HOOK: list(facts.lsm_hooks),
        KernelPart.ITERATOR: list(facts.iterators),
    }
