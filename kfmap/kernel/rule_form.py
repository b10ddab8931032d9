"""The rule form of a kfunc filter: a decision tree over what a filter can see.

A filter (`btf_kfunc_filter_t`: 0 lets pass, anything else refuses) becomes a tree of `Branch` and
`Decide`. Conditions speak of the program (type, attach type and target, struct_ops type and
member) and of the kfunc (membership in a set). What does not fit is an `Unknown` node.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from kfmap.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Always:
    """A constant condition."""

    value: bool


@dataclass(frozen=True, slots=True)
class TypeIs:
    """`prog->type == program_type`. For freplace that is BPF_PROG_TYPE_EXT, not the target's."""

    program_type: str


@dataclass(frozen=True, slots=True)
class AttachTypeIs:
    """`prog->expected_attach_type == attach_type`."""

    attach_type: str


@dataclass(frozen=True, slots=True)
class TargetIn:
    """`prog->aux->attach_btf_id` is one of the BTF ids in a set or list (`set_id`)."""

    set_id: str


@dataclass(frozen=True, slots=True)
class StructOpsIs:
    """`prog->aux->st_ops == &variable`; `struct_ops` None stands for a NULL `st_ops`."""

    struct_ops: str | None


@dataclass(frozen=True, slots=True)
class MemberAt:
    """`prog->aux->attach_st_ops_member_off == offset` (bytes)."""

    offset: int


@dataclass(frozen=True, slots=True)
class TableHas:
    """`table[member offset / unit] & mask` is not 0."""

    table: str
    mask: int
    mask_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InSet:
    """The kfunc is in the set `set_id`."""

    set_id: str


@dataclass(frozen=True, slots=True)
class KfuncIs:
    """The kfunc is this one."""

    kfunc: str


class Trait(StrEnum):
    """What a program has, or what it may do."""

    SLEEPABLE = "sleepable"
    CAPABILITY = "capability"  # name: CAP_PERFMON
    LOCKDOWN = "lockdown"  # name: LOCKDOWN_BPF_READ_KERNEL
    HELPER_OF = "helper of"  # name: the function that answers for the helper
    TARGET = "target"  # name: the attach target's BTF name
    TARGET_PREFIX = "target prefix"
    TARGET_PROGRAM = "target program"  # a BPF program is traced
    UNREAD = "unread"  # name: what was not understood


@dataclass(frozen=True, slots=True)
class ProgramHas:
    """What only helpers depend on: kfunc filters have no such test. `name`: which, for its kind."""

    kind: Trait
    name: str = ""


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class All:
    """Every condition holds."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one condition holds."""

    conditions: tuple[Condition, ...]


Condition = (
    Always
    | TypeIs
    | AttachTypeIs
    | TargetIn
    | StructOpsIs
    | MemberAt
    | TableHas
    | InSet
    | KfuncIs
    | ProgramHas
    | Not
    | All
    | AnyOf
)


@dataclass(frozen=True, slots=True)
class Decide:
    """The filter's answer, at `line` of `file`."""

    refuse: bool
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """A construct outside the rule form at `line` of `file`: whatever gets here is not known."""

    construct: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Branch:
    """`if (condition)` at `line` of `file`."""

    condition: Condition
    file: str
    line: int
    then: Node
    otherwise: Node


Node = Decide | Unknown | Branch


def parts_of(part: Node | Condition) -> tuple[Node | Condition, ...]:
    """Return what a node or condition is made of, in the order of the source."""
    match part:
        case Branch(condition, _, _, then, otherwise):
            return condition, then, otherwise
        case Not(condition):
            return (condition,)
        case All(conditions) | AnyOf(conditions):
            return conditions
    return ()


def find_atoms(rule: Node | Condition) -> Iterator[Condition]:
    """Return every simple condition in a rule, in the order of the source."""
    waiting = [rule]
    while waiting:
        part = waiting.pop()
        if not isinstance(part, Decide | Unknown | Branch | Not | All | AnyOf):
            yield part
        waiting += reversed(parts_of(part))


@dataclass(frozen=True, slots=True)
class TableRow:
    """One designated initialiser of a member table; `names` are the flags that make up `value`."""

    index: int
    member: str
    value: int
    names: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class MemberTable:
    """An array indexed by member offset / `unit` (bytes); reads past `length` rows are unknown."""

    name: str
    file: str
    line: int
    unit: int
    length: int
    rows: tuple[TableRow, ...]
