"""Write the rows that index one kernel's facts for lists, search and admin; the store calls it."""

from __future__ import annotations

from kfmap.catalogue.models import (
    Filter,
    Hook,
    Kernel,
    Kfunc,
    KfuncSet,
    Member,
    ProgramType,
    Registration,
    SetEntry,
    StructOpsType,
)
from kfmap.kernel.facts import KernelFacts, Place

_BATCH = 500


def create_rows(kernel: Kernel, facts: KernelFacts) -> None:
    """Write all rows of `facts`; the number of queries does not depend on the number of kfuncs."""
    kfuncs = _create_kfuncs(kernel, facts)
    sets = _create_sets(kernel, facts)
    _create_entries(facts, sets, kfuncs)
    hooks = _create_hooks(kernel, facts)
    _create_program_types(kernel, facts, hooks)
    _create_registrations(kernel, facts, hooks, sets, _create_filters(kernel, facts))
    _create_struct_ops(kernel, facts)


def _create_kfuncs(kernel: Kernel, facts: KernelFacts) -> dict[str, Kfunc]:
    flags: dict[str, set[str]] = {}
    for kfunc_set in facts.sets:
        for entry in kfunc_set.entries:
            flags.setdefault(entry.kfunc, set()).update(entry.flags)
    rows = [
        Kfunc(
            kernel=kernel,
            name=kfunc.name,
            owner=kfunc.owner,
            prototype=kfunc.prototype,
            flags=" ".join(sorted(flags.get(kfunc.name, ()))),
            tagged=kfunc.tagged,
            callable_in_btf=kfunc.callable_in_btf,
            device_bound=kfunc.device_bound,
            **_where(kfunc.place),
        )
        for kfunc in facts.kfuncs
    ]
    return {row.name: row for row in Kfunc.objects.bulk_create(rows, batch_size=_BATCH)}


def _create_sets(kernel: Kernel, facts: KernelFacts) -> dict[str, KfuncSet]:
    rows = [
        KfuncSet(
            kernel=kernel,
            set_id=kfunc_set.id,
            name=kfunc_set.name,
            kind=kfunc_set.kind,
            owner=kfunc_set.owner,
            **_where(kfunc_set.place),
        )
        for kfunc_set in facts.sets
    ]
    return {row.set_id: row for row in KfuncSet.objects.bulk_create(rows, batch_size=_BATCH)}


def _create_entries(
    facts: KernelFacts, sets: dict[str, KfuncSet], kfuncs: dict[str, Kfunc]
) -> None:
    rows = [
        SetEntry(
            kfunc_set=sets[kfunc_set.id],
            kfunc=kfuncs.get(entry.kfunc),
            name=entry.kfunc,
            flags=" ".join(entry.flags),
            condition=entry.condition,
            **_where(entry.place),
        )
        for kfunc_set in facts.sets
        for entry in kfunc_set.entries
    ]
    SetEntry.objects.bulk_create(rows, batch_size=_BATCH)


def _create_hooks(kernel: Kernel, facts: KernelFacts) -> dict[str, Hook]:
    """Write the kernel's hooks, and after them those that only registrations name."""
    named = dict.fromkeys((*facts.hooks, *(item.hook for item in facts.registrations)))
    rows = [Hook(kernel=kernel, name=name, position=at) for at, name in enumerate(named)]
    return {row.name: row for row in Hook.objects.bulk_create(rows, batch_size=_BATCH)}


def _create_program_types(kernel: Kernel, facts: KernelFacts, hooks: dict[str, Hook]) -> None:
    hook_of = {item.program_type: item.hook for item in facts.hook_of}
    rows = [
        ProgramType(
            kernel=kernel,
            name=program_type.name,
            value=program_type.value,
            hook=hooks.get(hook_of.get(program_type.name) or ""),
        )
        for program_type in facts.program_types
    ]
    ProgramType.objects.bulk_create(rows, batch_size=_BATCH)


def _create_filters(kernel: Kernel, facts: KernelFacts) -> dict[str, Filter]:
    rows = [
        Filter(kernel=kernel, filter_id=item.id, name=item.name, **_where(item.place))
        for item in facts.filters
    ]
    return {row.filter_id: row for row in Filter.objects.bulk_create(rows, batch_size=_BATCH)}


def _create_registrations(
    kernel: Kernel,
    facts: KernelFacts,
    hooks: dict[str, Hook],
    sets: dict[str, KfuncSet],
    filters: dict[str, Filter],
) -> None:
    rows = [
        Registration(
            kernel=kernel,
            program_type=item.program_type,
            hook=hooks[item.hook],
            kfunc_set=sets[item.set_id],
            filter=filters.get(item.filter),
            kfunc_id_set=item.kfunc_id_set,
            owner=item.owner,
            **_where(item.place),
        )
        for item in facts.registrations
    ]
    Registration.objects.bulk_create(rows, batch_size=_BATCH)


def _create_struct_ops(kernel: Kernel, facts: KernelFacts) -> None:
    types = StructOpsType.objects.bulk_create(
        StructOpsType(
            kernel=kernel,
            name=item.name,
            variable=item.variable,
            owner=item.owner,
            **_where(item.place),
        )
        for item in facts.struct_ops
    )
    members = [
        Member(
            struct_ops=row,
            name=member.name,
            offset=member.offset,
            callback=member.callback,
            prototype=member.prototype,
            supported=member.supported,
            sleepable=member.sleepable,
            needs=", ".join(member.needs),
            **_where(member.place),
        )
        for row, item in zip(types, facts.struct_ops, strict=True)
        for member in item.members
    ]
    Member.objects.bulk_create(members, batch_size=_BATCH)


def _where(place: Place | None) -> dict[str, object]:
    return {"file": "", "line": 0} if place is None else {"file": place.file, "line": place.line}
