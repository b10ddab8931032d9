"""What an expression of a kfunc filter can mean, and what a filter's names can lead to."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from kfmap.kernel.rule_form import Condition
from kfmap.quick_dataclass import dataclass


class NotInSubsetError(ValueError):
    """A construct the rule form has no words for."""

    def __init__(self, construct: str, node: Node | None = None) -> None:
        super().__init__(construct)
        self.node = node


@dataclass(frozen=True, slots=True)
class Number:
    """A known integer, with its name where it has one."""

    value: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """A thing a filter can see: the program, a field of it, or the kfunc."""

    what: str


@dataclass(frozen=True, slots=True)
class Global:
    """The address of a global variable, or its name; `is_address`: written with an `&`."""

    name: str
    is_address: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """The member offset divided by `unit`."""

    unit: int


@dataclass(frozen=True, slots=True)
class Row:
    """`table[member offset / unit] & mask`; mask None where there is none yet."""

    table: str
    mask: int | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListItem:
    """`list[index]`."""

    name: str
    index: int


@dataclass(frozen=True, slots=True)
class Holds:
    """A truth value; `is_bool` False: an integer of which only that is known."""

    condition: Condition
    is_bool: bool = True


@dataclass(frozen=True, slots=True)
class Opaque:
    """A local whose value is outside the subset: that matters where it is used."""

    construct: str


Meaning = Opaque | Number | Known | Global | Index | Row | ListItem | Holds


@dataclass(frozen=True, slots=True)
class Tables:
    """What a filter's names mean: sets by name, and which tables it read."""

    find_set: Callable[[str, str], str | None]
    list_entries: Callable[[str, str], tuple[str, ...]]
    use_table: Callable[[str, str, int], bool]
