"""Which helper a program gets, in the form that `get_func_proto` functions take.

Such a function answers for a helper with the address of a prototype, with NULL, or with what
another one answers. What does not fit is an `Unknown`, with its line.
"""

from __future__ import annotations

from kfmap.kernel.place import Place
from kfmap.kernel.rule_form import Condition, Unknown
from kfmap.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Proto:
    """`return &proto`: the helper is there, as this prototype has it."""

    proto: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class NoProto:
    """`return NULL`: programs cannot use the helper."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Ask:
    """The answer of another function for the same helper."""

    function: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Choice:
    """`if (condition)` at `line` of `file`."""

    condition: Condition
    file: str
    line: int
    then: HelperNode
    otherwise: HelperNode


HelperNode = Proto | NoProto | Ask | Choice | Unknown


@dataclass(frozen=True, slots=True)
class HelperCase:
    """The answer for one helper (`map_lookup_elem`)."""

    helper: str
    answer: HelperNode


@dataclass(frozen=True, slots=True)
class HelperFunction:
    """A function that answers for helpers, in `file`.

    `plain` are the helpers that get a prototype whatever the program: "helper proto line" each.
    `cases` are those for which it depends; `otherwise` is the answer for all others.
    """

    name: str
    file: str
    line: int
    plain: tuple[str, ...]
    cases: tuple[HelperCase, ...]
    otherwise: HelperNode


@dataclass(frozen=True, slots=True)
class HelperProto:
    """A `struct bpf_func_proto`. `condition`: what its `.allowed` demands of the program."""

    name: str
    might_sleep: bool
    gpl_only: bool
    condition: Condition | Unknown | None
    place: Place


@dataclass(frozen=True, slots=True)
class HelperTable:
    """The function that answers for programs of a type, or of a struct_ops type ("" for none).

    `function` "": nobody answers, so that programs get no helper.
    """

    program_type: str
    struct_ops: str
    function: str
    place: Place


@dataclass(frozen=True, slots=True)
class HelperMaps:
    """The types of maps that a helper takes as its argument number `argument`, from 1.

    `types`: those that it takes in every program; `programs`: in some only, "map-type program-type"
    each, or "map-type program-type attach-type".
    """

    helper: str
    argument: int
    types: tuple[str, ...]
    programs: tuple[str, ...]
    place: Place
