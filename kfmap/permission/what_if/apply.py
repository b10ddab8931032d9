"""Edits carried out: new facts from a kernel's facts. The kernel itself is never changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kfmap.kernel.facts import (
    VMLINUX,
    Entry,
    Filter,
    HookOf,
    KernelFacts,
    KfuncSet,
    Place,
    Registration,
)
from kfmap.kernel.rule_form import (
    All,
    Branch,
    Condition,
    Decide,
    InSet,
    KfuncIs,
    MemberAt,
    MemberTable,
    StructOpsIs,
    TableRow,
    TypeIs,
)
from kfmap.permission.what_if.change_capabilities import change_capabilities
from kfmap.permission.what_if.edits import (
    EDITED,
    AddRegistration,
    AddRule,
    ChangeRow,
    DropRegistration,
    Edit,
    EditError,
    MoveKfunc,
)
from kfmap.permission.what_if.member_tables import find_table, list_flags


def apply_edits(facts: KernelFacts, edits: Iterable[Edit], name: str) -> KernelFacts:
    """Return the facts of a variant under a name of its own. Raises EditError."""
    for edit in edits:
        facts = apply_edit(facts, edit)
    origin = replace(facts.origin, label=f"{facts.origin.label}, edited")
    return replace(facts, name=name, origin=origin)


def apply_edit(facts: KernelFacts, edit: Edit) -> KernelFacts:
    """Return facts, under the same name, after one edit. Raises EditError."""
    match edit:
        case MoveKfunc():
            return _move_kfunc(facts, edit)
        case AddRegistration():
            return _add_registration(facts, edit)
        case DropRegistration():
            return _drop_registration(facts, edit)
        case ChangeRow():
            return _change_row(facts, edit)
        case AddRule():
            return _add_rule(facts, edit)
        case _:
            return change_capabilities(facts, edit)


def _move_kfunc(facts: KernelFacts, edit: MoveKfunc) -> KernelFacts:
    flags: tuple[str, ...] = ()
    sets = {item.id: item for item in facts.sets}
    if edit.from_set:
        source = _find_set(facts, edit.from_set)
        entries = [entry for entry in source.entries if entry.kfunc == edit.kfunc]
        if not entries:
            raise EditError(f"{edit.kfunc} is not in {source.name}")
        flags = entries[0].flags
        rest = tuple(entry for entry in source.entries if entry.kfunc != edit.kfunc)
        sets[source.id] = replace(source, entries=rest)
    if edit.to_set:
        target = sets.get(edit.to_set) or _find_set(facts, edit.to_set)
        if any(entry.kfunc == edit.kfunc for entry in target.entries):
            raise EditError(f"{edit.kfunc} is already in {target.name}")
        entry = Entry(edit.kfunc, flags, Place(EDITED, 0))
        sets[target.id] = replace(target, entries=(*target.entries, entry))
    return replace(facts, sets=tuple(sets.values()))


def _add_registration(facts: KernelFacts, edit: AddRegistration) -> KernelFacts:
    kfunc_set = _find_set(facts, edit.set_id)
    if edit.filter and edit.filter not in {item.id for item in facts.filters}:
        raise EditError(f"no filter {edit.filter}")
    place = Place(EDITED, 0)
    registration = Registration(
        edit.program_type,
        _find_hook(facts, edit.program_type),
        edit.set_id,
        edit.filter,
        kfunc_set.owner or VMLINUX,
        f"{kfunc_set.name}_kset",
        place,
        place,
    )
    return replace(facts, registrations=(*facts.registrations, registration))


def _drop_registration(facts: KernelFacts, edit: DropRegistration) -> KernelFacts:
    rest = tuple(
        item
        for item in facts.registrations
        if (item.program_type, item.set_id) != (edit.program_type, edit.set_id)
    )
    if len(rest) == len(facts.registrations):
        raise EditError(f"{edit.set_id} is not registered for {edit.program_type}")
    return replace(facts, registrations=rest)


def _change_row(facts: KernelFacts, edit: ChangeRow) -> KernelFacts:
    table = find_table(facts, edit.table)
    flags = list_flags(facts, edit.table)
    if missing := [flag for flag in edit.flags if flag not in flags]:
        raise EditError(f"{table.name} has no flag {missing[0]}; it has {', '.join(sorted(flags))}")
    value = sum({flags[flag] for flag in edit.flags})
    index = _find_index(facts, table, edit.member)
    row = TableRow(index, edit.member, value, edit.flags, 0)
    rows = [item for item in table.rows if item.index != index]
    rows.append(row)
    changed = replace(table, rows=tuple(sorted(rows, key=lambda item: item.index)))
    tables = tuple(changed if item.name == table.name else item for item in facts.tables)
    return replace(facts, tables=tables)


def _add_rule(facts: KernelFacts, edit: AddRule) -> KernelFacts:
    conditions: list[Condition] = []
    if edit.set_id:
        conditions.append(InSet(_find_set(facts, edit.set_id).id))
    if edit.kfunc:
        conditions.append(KfuncIs(edit.kfunc))
    if edit.program_type:
        _find_hook_row(facts, edit.program_type)
        conditions.append(TypeIs(edit.program_type))
    if edit.struct_ops:
        conditions.append(StructOpsIs(edit.struct_ops))
    if edit.member:
        conditions.append(MemberAt(_find_offset(facts, edit.struct_ops, edit.member)))
    if not conditions:
        raise EditError("a rule needs a kfunc, a set or another condition")
    filters: list[Filter] = []
    for item in facts.filters:
        if item.id == edit.filter:
            answer = Decide(edit.refuse, EDITED, 0)
            rule = Branch(All(tuple(conditions)), EDITED, 0, answer, item.rule)
            item = replace(item, rule=rule)
        filters.append(item)
    if edit.filter not in {item.id for item in facts.filters}:
        raise EditError(f"no filter {edit.filter}")
    return replace(facts, filters=tuple(filters))


def _find_set(facts: KernelFacts, set_id: str) -> KfuncSet:
    found = next((item for item in facts.sets if item.id == set_id), None)
    if found is None:
        raise EditError(f"no kfunc id set {set_id}")
    return found


def _find_hook_row(facts: KernelFacts, program_type: str) -> HookOf:
    found = next((item for item in facts.hook_of if item.program_type == program_type), None)
    if found is None:
        raise EditError(f"no program type {program_type}")
    return found


def _find_hook(facts: KernelFacts, program_type: str) -> str:
    hook = _find_hook_row(facts, program_type).hook
    if hook is None:
        raise EditError(
            f"{program_type} has no hook of its own, so no set can be registered for it"
        )
    return hook


def _find_index(facts: KernelFacts, table: MemberTable, member: str) -> int:
    named = [row.index for row in table.rows if row.member == member]
    offsets = [
        item.offset // table.unit
        for ops in facts.struct_ops
        for item in ops.members
        if item.name == member
    ]
    found = next((i for i in (*named, *offsets) if i < table.length), None)
    if found is None:
        raise EditError(f"no member {member} within the {table.length} rows of {table.name}")
    return found


def _find_offset(facts: KernelFacts, struct_ops: str, member: str) -> int:
    for ops in facts.struct_ops:
        for item in ops.members:
            if ops.name == struct_ops and item.name == member:
                return item.offset
    raise EditError(f"no member {member} in {struct_ops or 'any struct_ops type'}")
