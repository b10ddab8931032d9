"""Edits as JSON and back: a variant that can be kept, sent and exported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from enum import StrEnum

from kfmap.permission.what_if.edits import (
    AddRegistration,
    AddRule,
    ChangeKfuncBits,
    ChangeMemberBits,
    ChangeReading,
    ChangeRow,
    DropRegistration,
    Edit,
    EditError,
    MoveKfunc,
    UseCapabilities,
)

VERSION = 1
MAX_EDITS = 200


class EditKind(StrEnum):
    """The word of an edit in JSON and in forms, its `kind`."""

    MOVE_KFUNC = "move_kfunc"
    ADD_REGISTRATION = "add_registration"
    DROP_REGISTRATION = "drop_registration"
    CHANGE_ROW = "change_row"
    ADD_RULE = "add_rule"
    USE_CAPABILITIES = "use_capabilities"
    CHANGE_READING = "change_reading"
    CHANGE_KFUNC_BITS = "change_kfunc_bits"
    CHANGE_MEMBER_BITS = "change_member_bits"


_KINDS: Mapping[str, type[Edit]] = {
    EditKind.MOVE_KFUNC: MoveKfunc,
    EditKind.ADD_REGISTRATION: AddRegistration,
    EditKind.DROP_REGISTRATION: DropRegistration,
    EditKind.CHANGE_ROW: ChangeRow,
    EditKind.ADD_RULE: AddRule,
    EditKind.USE_CAPABILITIES: UseCapabilities,
    EditKind.CHANGE_READING: ChangeReading,
    EditKind.CHANGE_KFUNC_BITS: ChangeKfuncBits,
    EditKind.CHANGE_MEMBER_BITS: ChangeMemberBits,
}
_WORDS = {kind: word for word, kind in _KINDS.items()}


def write_edits(edits: Iterable[Edit]) -> dict[str, object]:
    """Return edits in a form that JSON takes: {"version", "edits": [{"kind", …}]}."""
    return {"version": VERSION, "edits": [_write_edit(edit) for edit in edits]}


def _write_edit(edit: Edit) -> dict[str, object]:
    row: dict[str, object] = {"kind": str(_WORDS[type(edit)])}
    for name, value in asdict(edit).items():
        row[name] = list(value) if isinstance(value, tuple) else value
    return row


def read_edits(body: object) -> tuple[Edit, ...]:
    """Read what `write_edits` gave. Raises EditError naming the edit that does not fit."""
    if not isinstance(body, Mapping) or body.get("version") != VERSION:
        raise EditError(f"not edits of version {VERSION}")
    rows = body.get("edits")
    if not isinstance(rows, list) or len(rows) > MAX_EDITS:
        raise EditError(f"edits must be a list of at most {MAX_EDITS}")
    return tuple(_read_edit(row, number) for number, row in enumerate(rows, 1))


def _read_edit(row: object, number: int) -> Edit:
    kind = _KINDS.get(str(row.get("kind"))) if isinstance(row, Mapping) else None
    if kind is None or not isinstance(row, Mapping):
        raise EditError(f"edit {number}: kind must be one of {', '.join(_KINDS)}")
    types = {field.name: field.type for field in fields(kind)}
    values = {str(key): value for key, value in row.items() if key != "kind"}
    if unknown := values.keys() - types.keys():
        raise EditError(f"edit {number}: unknown field {min(unknown)}")
    for name, value in values.items():
        if types[name] == "tuple[str, ...]":
            if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
                raise EditError(f"edit {number}: {name} must be a list of text")
            values[name] = tuple(value)
        elif type(value).__name__ != types[name]:
            raise EditError(f"edit {number}: {name} must be {types[name]}")
    try:
        return kind(**values)
    except TypeError as error:
        raise EditError(f"edit {number}: {error}") from error


def describe_edit(edit: Edit) -> str:
    """Return an edit in words."""
    match edit:
        case MoveKfunc(kfunc=kfunc, from_set="", to_set=to_set):
            return f"put {kfunc} into {to_set}"
        case MoveKfunc(kfunc=kfunc, from_set=from_set, to_set=""):
            return f"take {kfunc} out of {from_set}"
        case MoveKfunc(kfunc=kfunc, from_set=from_set, to_set=to_set):
            return f"move {kfunc} from {from_set} to {to_set}"
        case AddRegistration(program_type=program_type, set_id=set_id, filter=filter_):
            return f"register {set_id} for {program_type}" + (f" with {filter_}" if filter_ else "")
        case DropRegistration(program_type=program_type, set_id=set_id):
            return f"no longer register {set_id} for {program_type}"
        case ChangeRow(table=table, member=member, flags=flags):
            return f"{table}[{member}] = {' | '.join(flags) or '0'}"
        case AddRule():
            conditions = [edit.set_id, edit.kfunc, edit.program_type, edit.struct_ops, edit.member]
            words = " and ".join(condition for condition in conditions if condition)
            return f"{edit.filter}: first {'refuse' if edit.refuse else 'let pass'} {words}"
        case UseCapabilities(struct_ops=struct_ops, reading=reading):
            whose = struct_ops or "every struct_ops type"
            return f"capability bits decide for {whose}: a call needs {reading} of a kfunc's"
        case ChangeReading(reading=reading):
            return f"a call needs {reading} of a kfunc's bits"
        case ChangeKfuncBits(kfunc=kfunc, bits=bits):
            return f"{kfunc} needs {' | '.join(bits) or 'no bit'}"
        case ChangeMemberBits(struct_ops=struct_ops, member=member, bits=bits):
            return f"{struct_ops}.{member} holds {' | '.join(bits) or 'no bit'}"
