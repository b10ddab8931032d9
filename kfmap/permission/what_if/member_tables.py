"""The member tables of filters, as edits see them: their flags, their type, their C form."""

from __future__ import annotations

from kfmap.kernel.facts import KernelFacts
from kfmap.kernel.rule_form import MemberTable, TableHas, find_atoms
from kfmap.permission.what_if.edits import EditError


def list_flags(facts: KernelFacts, table: str) -> dict[str, int]:
    """Return the flags of a member table with their bits, as rules and rows show them."""
    flags: dict[str, int] = {}
    for filter_ in facts.filters:
        for atom in find_atoms(filter_.rule):
            if isinstance(atom, TableHas) and atom.table == table and len(atom.mask_names) == 1:
                flags[atom.mask_names[0]] = atom.mask
    for row in find_table(facts, table).rows:
        if len(row.names) == 1:
            flags.setdefault(row.names[0], row.value)
    return flags


def find_table_type(facts: KernelFacts, table: MemberTable) -> str:
    """Return the struct_ops type whose members the rows of a table name, "" if there is none."""
    rows = {(row.member, row.index * table.unit) for row in table.rows}
    counts = {
        ops.name: len(rows & {(member.name, member.offset) for member in ops.members})
        for ops in facts.struct_ops
    }
    best = max(counts, key=lambda name: counts[name], default="")
    return best if counts.get(best) else ""


def render_table_c(table: MemberTable, struct_ops: str) -> str:
    """Return a member table as C initialisers, rows without flags left out."""
    lines = [f"static const u32 {table.name}[] = {{"]
    for row in sorted(table.rows, key=lambda row: row.index):
        value = " | ".join(row.names) or f"{row.value:#x}"
        if row.value:
            offset = f"offsetof(struct {struct_ops}, {row.member}) / {table.unit}"
            lines.append(f"\t[{offset}] = {value},")
    return "\n".join([*lines, "};"]) + "\n"


def find_table(facts: KernelFacts, name: str) -> MemberTable:
    """Return the member table of this name. Raises EditError."""
    found = next((item for item in facts.tables if item.name == name), None)
    if found is None:
        raise EditError(f"no member table {name}")
    return found
