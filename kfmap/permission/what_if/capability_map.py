"""Capability bits in place of filters: masks put into a kernel's facts, and found there again.

The masks become what today's kernels know: a set of kfuncs for each bit, a table of the bits that
each member holds, and a head on every filter of the hooks that callbacks ask, which compares the
two. A kernel whose callbacks are decided by bits is then a kernel like any other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from kfmap.kernel.facts import (
    VMLINUX,
    Entry,
    Filter,
    KernelFacts,
    KfuncSet,
    Place,
    RunTime,
    SetKind,
)
from kfmap.kernel.rule_form import (
    All,
    Branch,
    Condition,
    Decide,
    InSet,
    MemberAt,
    MemberTable,
    Node,
    Not,
    StructOpsIs,
    TableHas,
    TableRow,
)
from kfmap.permission.bits import each_bit, has_bit, name_bits
from kfmap.permission.context import Context
from kfmap.permission.contexts import build_member_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.hook_table import COMMON_HOOK
from kfmap.permission.mechanisms.capabilities import synthesise
from kfmap.permission.mechanisms.subsystem import find_struct_ops_hook
from kfmap.permission.mechanisms.table import ALL, ANY, CapabilityTable, table_of_masks
from kfmap.permission.member_classes import list_attachable
from kfmap.permission.what_if.edits import EDITED

FILTER = "kf_capabilities"
_FILE = "capabilities"  # stands for the file of what is put in
_PLACE = Place(_FILE, 0)
_SET, _TABLE = "kf_cap_", "kf_caps_"
_POINTER = 8  # bytes


def name_bit(bit: int) -> str:
    """Return the name of a capability bit."""
    return f"KF_CAP_{bit}"


def parse_bit(name: str) -> int | None:
    """Return the number of a bit by its name, None for another name."""
    found = re.fullmatch(r"KF_CAP_(\d{1,2})", name)
    return int(found[1]) if found else None


def is_capability_table(table: MemberTable) -> bool:
    """Return whether a member table holds capability bits."""
    return table.file == _FILE


def synthesise_capabilities(facts: KernelFacts, struct_ops: str, reading: str) -> CapabilityTable:
    """Find few bits for the callbacks of a type ("": of all) and the kfuncs their hooks list."""
    decider = Decider(facts)
    contexts = [
        context
        for ops in facts.struct_ops
        if struct_ops in ("", ops.name)
        for context in list_attachable(decider, ops.name)
    ]
    listed = 0
    for context in contexts:
        listed |= decider.listed_bits(context)[0]
    return synthesise(decider, contexts, reading, name_bits(listed, decider.kfuncs))


def put_capabilities(facts: KernelFacts, table: CapabilityTable) -> KernelFacts:
    """Let masks decide for the callbacks they name, in place of filters and run-time masks.

    They narrow what the sets of the hooks list, as filters do; rules that an edit put before a
    filter stay before it, and callbacks that the masks do not name are left to the filters.
    """
    facts = _take_out(facts)
    types = sorted({context.struct_ops or "" for context in table.context_masks})
    heads = [(_concerns(facts, name, table), _build_rule(name, table)) for name in types]
    hooks = {COMMON_HOOK, find_struct_ops_hook(facts)}
    registrations = tuple(
        replace(item, filter=item.filter or FILTER) if item.hook in hooks else item
        for item in facts.registrations
    )
    used = {item.filter for item in registrations if item.hook in hooks}
    return replace(
        facts,
        decision=replace(facts.decision, filters=True),
        registrations=registrations,
        filters=tuple(
            replace(item, rule=_wrap(item.rule, heads)) if item.id in used else item
            for item in _with_own_filter(facts.filters)
        ),
        sets=(*facts.sets, *_build_sets(table)),
        tables=(*facts.tables, *(_build_table(facts, name, table) for name in types)),
        run_time=_without_masks(facts, types),
    )


def find_capabilities(facts: KernelFacts) -> CapabilityTable | None:
    """Return the masks that `put_capabilities` put in, None where there are none."""
    tables = {item.name.removeprefix(_TABLE): item for item in facts.tables if item.file == _FILE}
    if not tables:
        return None
    kfunc_masks: dict[str, int] = {}
    for item in facts.sets:
        if item.place == _PLACE:
            for entry in item.entries:
                bit = 1 << int(item.id.removeprefix(_SET))
                kfunc_masks[entry.kfunc] = kfunc_masks.get(entry.kfunc, 0) | bit
    context_masks: dict[Context, int] = {}
    for struct_ops, found in tables.items():
        masks = {row.member: row.value for row in found.rows}
        for context in build_member_contexts(facts, struct_ops):
            if context.member in masks:
                context_masks[context] = masks[context.member]
    return table_of_masks(_find_reading(facts), kfunc_masks, context_masks)


def _take_out(facts: KernelFacts) -> KernelFacts:
    return replace(
        facts,
        sets=tuple(item for item in facts.sets if item.place != _PLACE),
        tables=tuple(item for item in facts.tables if item.file != _FILE),
        filters=tuple(replace(item, rule=_unwrap(item.rule)) for item in facts.filters),
    )


def _with_own_filter(filters: Sequence[Filter]) -> Sequence[Filter]:
    """Return the filters with one for sets that had none."""
    if any(item.id == FILTER for item in filters):
        return filters
    return (*filters, Filter(FILTER, FILTER, _PLACE, Decide(False, _FILE, 0)))


def _wrap(rule: Node, heads: Sequence[tuple[Condition, Node]]) -> Node:
    if isinstance(rule, Branch) and rule.file == EDITED:
        return replace(rule, otherwise=_wrap(rule.otherwise, heads))
    for condition, head in heads:
        rule = Branch(condition, _FILE, 0, head, rule)
    return rule


def _concerns(facts: KernelFacts, struct_ops: str, table: CapabilityTable) -> Condition:
    """Build "a callback of this type that the masks name"."""
    named = {context.member for context in table.context_masks if context.struct_ops == struct_ops}
    others = tuple(
        Not(MemberAt(member.offset))
        for ops in facts.struct_ops
        for member in ops.members
        if ops.name == struct_ops and member.callback and member.name not in named
    )
    return All((StructOpsIs(struct_ops), *others)) if others else StructOpsIs(struct_ops)


def _unwrap(rule: Node) -> Node:
    if isinstance(rule, Branch) and rule.file == _FILE:
        return _unwrap(rule.otherwise)
    if isinstance(rule, Branch) and rule.file == EDITED:
        return replace(rule, otherwise=_unwrap(rule.otherwise))
    return rule


def _build_rule(struct_ops: str, table: CapabilityTable) -> Node:
    """Build "refuse a bit that is lacking" (ALL), or "let pass on a bit that is held" (ANY)."""
    needs_all = table.reading == ALL
    rule: Node = Decide(not needs_all, _FILE, 0)
    for bit in reversed(range(table.bits)):
        held = TableHas(f"{_TABLE}{struct_ops}", 1 << bit, (name_bit(bit),))
        condition = All((InSet(f"{_SET}{bit}"), Not(held) if needs_all else held))
        rule = Branch(condition, _FILE, 0, Decide(needs_all, _FILE, 0), rule)
    return rule


def _find_reading(facts: KernelFacts) -> str:
    rule = next(item.rule for item in facts.filters if item.id == FILTER)
    while isinstance(rule, Branch) and rule.file == EDITED:
        rule = rule.otherwise
    if isinstance(rule, Branch):
        rule = rule.then
    while isinstance(rule, Branch):
        rule = rule.otherwise
    return ANY if isinstance(rule, Decide) and rule.refuse else ALL


def _build_sets(table: CapabilityTable) -> list[KfuncSet]:
    return [
        KfuncSet(
            id=f"{_SET}{bit}",
            name=f"{_SET}{bit}",
            kind=SetKind.SET,
            owner=VMLINUX,
            place=_PLACE,
            entries=tuple(
                Entry(kfunc, (), _PLACE)
                for kfunc, mask in sorted(table.kfunc_masks.items())
                if has_bit(mask, bit)
            ),
        )
        for bit in range(table.bits)
    ]


def _build_table(facts: KernelFacts, struct_ops: str, table: CapabilityTable) -> MemberTable:
    masks: Mapping[str | None, int] = {
        context.member: mask
        for context, mask in table.context_masks.items()
        if context.struct_ops == struct_ops
    }
    members = next(item.members for item in facts.struct_ops if item.name == struct_ops)
    rows = tuple(
        TableRow(
            member.offset // _POINTER,
            member.name,
            masks[member.name],
            tuple(name_bit(bit) for bit in each_bit(masks[member.name])),
            0,
        )
        for member in members
        if member.name in masks
    )
    length = max(member.offset // _POINTER for member in members) + 1
    return MemberTable(f"{_TABLE}{struct_ops}", _FILE, 0, _POINTER, length, rows)


def _without_masks(facts: KernelFacts, types: Sequence[str]) -> RunTime | None:
    """Leave the run-time masks of these types out, and all of them where no other type has any."""
    if facts.run_time is None:
        return None
    ops = tuple(item for item in facts.run_time.ops if item.struct_ops not in types)
    return replace(facts.run_time, ops=ops) if ops else None
