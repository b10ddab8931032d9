"""Write the rows that index one kernel's facts for lists, search and admin; the store calls it."""

from __future__ import annotations

from django.db.models import Model

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
from kfmap.catalogue.quick_insert import insert_rows
from kfmap.kernel.facts import KernelFacts, Place

_PLACE = ("file", "line")


def create_rows(kernel: Kernel, facts: KernelFacts) -> None:
    """Write all rows of `facts`; the number of queries does not depend on the number of kfuncs."""
    kfuncs = _create_kfuncs(kernel, facts)
    sets = _create_sets(kernel, facts)
    _create_entries(facts, sets, kfuncs)
    hooks = _create_hooks(kernel, facts)
    _create_program_types(kernel, facts, hooks)
    _create_registrations(kernel, facts, hooks, sets, _create_filters(kernel, facts))
    _create_members(facts, _create_struct_ops(kernel, facts))


def _create_kfuncs(kernel: Kernel, facts: KernelFacts) -> dict[str, int]:
    flags: dict[str, set[str]] = {}
    for kfunc_set in facts.sets:
        for entry in kfunc_set.entries:
            flags.setdefault(entry.kfunc, set()).update(entry.flags)
    fields = ("kernel", "name", "owner", "prototype", "flags")
    known = ("tagged", "callable_in_btf", "device_bound")
    rows = (
        (
            kernel.pk,
            kfunc.name,
            kfunc.owner,
            kfunc.prototype,
            " ".join(sorted(flags.get(kfunc.name, ()))),
            kfunc.tagged,
            kfunc.callable_in_btf,
            kfunc.device_bound,
            *_where(kfunc.place),
        )
        for kfunc in facts.kfuncs
    )
    insert_rows(Kfunc, (*fields, *known, *_PLACE), rows)
    return _ids(Kfunc, kernel, "name")


def _create_sets(kernel: Kernel, facts: KernelFacts) -> dict[str, int]:
    rows = (
        (kernel.pk, item.id, item.name, item.kind, item.owner, *_where(item.place))
        for item in facts.sets
    )
    insert_rows(KfuncSet, ("kernel", "set_id", "name", "kind", "owner", *_PLACE), rows)
    return _ids(KfuncSet, kernel, "set_id")


def _create_entries(facts: KernelFacts, sets: dict[str, int], kfuncs: dict[str, int]) -> None:
    rows = (
        (
            sets[kfunc_set.id],
            kfuncs.get(entry.kfunc),
            entry.kfunc,
            " ".join(entry.flags),
            entry.condition,
            *_where(entry.place),
        )
        for kfunc_set in facts.sets
        for entry in kfunc_set.entries
    )
    insert_rows(SetEntry, ("kfunc_set", "kfunc", "name", "flags", "condition", *_PLACE), rows)


def _create_hooks(kernel: Kernel, facts: KernelFacts) -> dict[str, int]:
    """Write the kernel's hooks, and after them those that only registrations name."""
    named = dict.fromkeys((*facts.hooks, *(item.hook for item in facts.registrations)))
    rows = ((kernel.pk, name, at) for at, name in enumerate(named))
    insert_rows(Hook, ("kernel", "name", "position"), rows)
    return _ids(Hook, kernel, "name")


def _create_program_types(kernel: Kernel, facts: KernelFacts, hooks: dict[str, int]) -> None:
    hook_of = {item.program_type: item.hook for item in facts.hook_of}
    rows = (
        (kernel.pk, item.name, item.value, hooks.get(hook_of.get(item.name) or ""))
        for item in facts.program_types
    )
    insert_rows(ProgramType, ("kernel", "name", "value", "hook"), rows)


def _create_filters(kernel: Kernel, facts: KernelFacts) -> dict[str, int]:
    rows = ((kernel.pk, item.id, item.name, *_where(item.place)) for item in facts.filters)
    insert_rows(Filter, ("kernel", "filter_id", "name", *_PLACE), rows)
    return _ids(Filter, kernel, "filter_id")


def _create_registrations(
    kernel: Kernel,
    facts: KernelFacts,
    hooks: dict[str, int],
    sets: dict[str, int],
    filters: dict[str, int],
) -> None:
    rows = (
        (
            kernel.pk,
            item.program_type,
            hooks[item.hook],
            sets[item.set_id],
            filters.get(item.filter),
            item.kfunc_id_set,
            item.owner,
            *_where(item.place),
        )
        for item in facts.registrations
    )
    ties = ("program_type", "hook", "kfunc_set", "filter", "kfunc_id_set", "owner")
    insert_rows(Registration, ("kernel", *ties, *_PLACE), rows)


def _create_struct_ops(kernel: Kernel, facts: KernelFacts) -> dict[str, int]:
    rows = (
        (kernel.pk, item.name, item.variable, item.owner, *_where(item.place))
        for item in facts.struct_ops
    )
    insert_rows(StructOpsType, ("kernel", "name", "variable", "owner", *_PLACE), rows)
    return _ids(StructOpsType, kernel, "name")


def _create_members(facts: KernelFacts, struct_ops: dict[str, int]) -> None:
    fields = ("struct_ops", "name", "offset", "callback", "prototype", "supported", "sleepable")
    rows = (
        (
            struct_ops[item.name],
            member.name,
            member.offset,
            member.callback,
            member.prototype,
            member.supported,
            member.sleepable,
            ", ".join(member.needs),
            *_where(member.place),
        )
        for item in facts.struct_ops
        for member in item.members
    )
    insert_rows(Member, (*fields, "needs", *_PLACE), rows)


def _ids(model: type[Model], kernel: Kernel, field: str) -> dict[str, int]:
    """Return the ids of the rows of a kernel by what names them there."""
    rows = model._base_manager.filter(kernel=kernel).order_by()
    return dict(rows.values_list(field, "pk"))


def _where(place: Place | None) -> tuple[str, int]:
    return ("", 0) if place is None else (place.file, place.line)
