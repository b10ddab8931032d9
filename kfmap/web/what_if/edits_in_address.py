"""The draft of a what-if: edits in an address, what forms add to them, what forms choose from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from kfmap.kernel.facts import KernelFacts, SetKind
from kfmap.kernel.rule_form import MemberTable, TableRow
from kfmap.permission.what_if.capability_map import is_capability_table
from kfmap.permission.what_if.edit_json import EditKind, read_edits, write_edits
from kfmap.permission.what_if.edits import (
    ChangeKfuncBits,
    ChangeMemberBits,
    ChangeRow,
    Edit,
    EditError,
    overrules,
)
from kfmap.permission.what_if.member_tables import find_table_type, list_flags

MAX_DRAFT = 60
_LIST_FIELDS: Mapping[str, str] = {
    EditKind.CHANGE_ROW: "flags",
    EditKind.CHANGE_KFUNC_BITS: "bits",
    EditKind.CHANGE_MEMBER_BITS: "bits",
}
_NOT_OF_EDITS = {"edits", "remove"}


def parse_draft(text: str) -> tuple[Edit, ...]:
    """Read a draft from its text. Raises EditError."""
    if not text:
        return ()
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EditError("it is not JSON") from error
    return read_edits(body)


def write_draft(edits: Sequence[Edit]) -> str:
    """Return the text of a draft."""
    return json.dumps(write_edits(edits), separators=(",", ":"))


def draft_url(kernel: str, edits: Sequence[Edit]) -> str:
    """Return the address of a draft, with what its last edit was about still in hand."""
    query = {"edits": write_draft(edits)} if edits else {}
    last = edits[-1] if edits else None
    if isinstance(last, ChangeKfuncBits):
        query["kfunc"] = last.kfunc
    elif isinstance(last, ChangeMemberBits):
        query["member"] = f"{last.struct_ops}.{last.member}"
    elif isinstance(last, ChangeRow):
        query.update(table=last.table, member=last.member)
    address = reverse("kernel-what-if", args=[kernel])
    return f"{address}?{urlencode(query)}" if query else address


def change_draft(edits: Sequence[Edit], form: QueryDict) -> list[Edit]:
    """Add what a form says, in place of edits it overrules, or take one back. Raises EditError."""
    if remove := form.get("remove", ""):
        taken_back = _read_number(remove, edits)
        return [edit for number, edit in enumerate(edits) if number != taken_back]
    new = read_form(form)
    changed = [*(edit for edit in edits if not overrules(new, edit)), new]
    if len(changed) > MAX_DRAFT:
        raise EditError(f"a draft has at most {MAX_DRAFT} edits; keep it and go on from there")
    return changed


def read_form(form: QueryDict) -> Edit:
    """Read one edit from a form whose fields have the names of the edit's. Raises EditError."""
    row: dict[str, object] = {}
    many = _LIST_FIELDS.get(form.get("kind", ""))
    for key in form.keys() - _NOT_OF_EDITS:
        values = [value.strip() for value in form.getlist(key) if value.strip()]
        if key == many:
            row[key] = values
        elif key == "refuse":
            row[key] = "yes" in values
        elif values:
            row[key] = values[-1]
    if many:
        row.setdefault(many, [])
    if in_hand := row.pop("in_hand", ""):
        row.update(_name_in_hand(str(row.get("kind")), str(in_hand)))
    if registration := row.pop("registration", ""):
        row["program_type"], _, row["set_id"] = str(registration).partition(" ")
    if row.get("kind") == EditKind.MOVE_KFUNC:
        row = {"from_set": "", "to_set": "", **row}
    if row.get("kind") == EditKind.USE_CAPABILITIES:
        row.setdefault("struct_ops", "")
    return read_edits({"version": 1, "edits": [row]})[0]


def list_choices(facts: KernelFacts) -> Mapping[str, object]:
    """Return what the forms choose from."""
    return {
        "kfuncs": [kfunc.name for kfunc in facts.kfuncs],
        "sets": sorted((item.id, item.name) for item in facts.sets if item.kind != SetKind.LIST),
        "filters": [(item.id, item.name) for item in facts.filters],
        "types": [item.program_type for item in facts.hook_of if item.hook],
        "registrations": [
            (f"{type_} {set_id}", f"{set_id} for {type_}")
            for set_id, type_ in sorted({(r.set_id, r.program_type) for r in facts.registrations})
        ],
        "struct_ops": [ops.name for ops in facts.struct_ops],
    }


@dataclass(frozen=True, slots=True)
class RowForm:
    """A member table to change a row of: its members with the flags they have, one in hand."""

    table: MemberTable
    members: Mapping[str, Sequence[str]]
    flags: Sequence[str]
    member: str

    @property
    def ticked(self) -> Sequence[str]:
        """Return the flags that the member in hand has."""
        return self.members.get(self.member, ())


def list_rows(facts: KernelFacts, table: str, member: str) -> list[RowForm]:
    """Return what rows can be changed; `member` of `table` is in hand, else the first of each."""
    return [
        _make_row_form(facts, item, member if item.name == table else "")
        for item in facts.tables
        if not is_capability_table(item)
    ]


def _make_row_form(facts: KernelFacts, table: MemberTable, member: str) -> RowForm:
    flags = sorted(list_flags(facts, table.name).items())
    rows = {row.member: row for row in table.rows}
    members = {
        item.name: _find_flags(rows[item.name], flags) if item.name in rows else []
        for ops in facts.struct_ops
        if ops.name == find_table_type(facts, table)
        for item in ops.members
        if item.callback and item.offset // table.unit < table.length
    }
    chosen = member if member in members else next(iter(members), "")
    return RowForm(table, members, [flag for flag, _ in flags], chosen)


def _find_flags(row: TableRow, flags: Sequence[tuple[str, int]]) -> list[str]:
    """Return the flags of a row; one without a bit only where the row names it."""
    return [flag for flag, bit in flags if flag in row.names or (bit and row.value & bit == bit)]


def _name_in_hand(kind: str, in_hand: str) -> dict[str, str]:
    """Return the fields that say whose bits change: a kfunc, or type.member."""
    if kind == EditKind.CHANGE_KFUNC_BITS:
        return {"kfunc": in_hand}
    struct_ops, _, member = in_hand.partition(".")
    return {"struct_ops": struct_ops, "member": member}


def _read_number(text: str, edits: Sequence[Edit]) -> int:
    if not text.isascii() or not text.isdigit() or int(text) >= len(edits):
        raise EditError(f"there is no edit {text}")
    return int(text)
