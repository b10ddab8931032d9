"""The edits that a what-if is made of. They name things by the ids of the facts."""

from __future__ import annotations

from dataclasses import dataclass

EDITED = "what-if"  # stands for the file of what an edit brought


class EditError(ValueError):
    """The edit does not fit the facts: says what is missing."""


@dataclass(frozen=True, slots=True)
class MoveKfunc:
    """Take a kfunc out of one set and put it into another; an empty set id leaves that half out."""

    kfunc: str
    from_set: str
    to_set: str


@dataclass(frozen=True, slots=True)
class AddRegistration:
    """Register a set for a program type, with a filter or with "" for none."""

    program_type: str
    set_id: str
    filter: str = ""


@dataclass(frozen=True, slots=True)
class DropRegistration:
    """Take back the registration of a set for a program type."""

    program_type: str
    set_id: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """Set the flags of a member in a member table; no flags is 0."""

    table: str
    member: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddRule:
    """Put a rule before a filter: a kfunc or a set's kfuncs, where, and whether to refuse.

    `set_id`, `kfunc`, `program_type`, `struct_ops` and `member` are conditions that must all
    hold; "" is any.
    """

    filter: str
    refuse: bool
    set_id: str = ""
    kfunc: str = ""
    program_type: str = ""
    struct_ops: str = ""
    member: str = ""


@dataclass(frozen=True, slots=True)
class UseCapabilities:
    """Let capability bits decide for the callbacks of a struct_ops type, of every type for "".

    The bits are synthesised, for all of the bits of a kfunc or for any of them (`reading`).
    """

    struct_ops: str
    reading: str


@dataclass(frozen=True, slots=True)
class ChangeReading:
    """Read the capability bits the other way: a call needs all bits of the kfunc, or any."""

    reading: str


@dataclass(frozen=True, slots=True)
class ChangeKfuncBits:
    """Set the capability bits that a kfunc needs; an empty tuple: it needs none."""

    kfunc: str
    bits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangeMemberBits:
    """Set the capability bits that a callback holds; an empty tuple: it holds none."""

    struct_ops: str
    member: str
    bits: tuple[str, ...]


CapabilityEdit = UseCapabilities | ChangeReading | ChangeKfuncBits | ChangeMemberBits
Edit = MoveKfunc | AddRegistration | DropRegistration | ChangeRow | AddRule | CapabilityEdit


def overrules(new: Edit, old: Edit) -> bool:
    """Return whether an edit leaves nothing of an earlier one: both set the same thing."""
    match new, old:
        case ChangeRow(), ChangeRow():
            return (new.table, new.member) == (old.table, old.member)
        case ChangeKfuncBits(), ChangeKfuncBits():
            return new.kfunc == old.kfunc
        case ChangeMemberBits(), ChangeMemberBits():
            return (new.struct_ops, new.member) == (old.struct_ops, old.member)
    return isinstance(new, ChangeReading) and isinstance(old, ChangeReading)
