"""Run check_return_code() of kernel/bpf/verifier.c for one kind of program that returns a number.

A range is a local, or what a parameter points to; it is kept as three variables with a dot in
their names, `range.minval`, `range.maxval` and `range.return_32bit`, so that it is agreed on where
ways meet as other locals are. A branch on what nothing is known of is taken both ways.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from tree_sitter import Node

from kfmap.kernel.expressions import Value
from kfmap.kernel.program_facts import Returns
from kfmap.kernel.statements import Case, Runner
from kfmap.kernel.syntax import Function, arguments_of, called_name, field_of, text_of
from kfmap.quick_dataclass import dataclass, field

_MINIMUM, _MAXIMUM, _LOW_HALF = ".minval", ".maxval", ".return_32bit"
_CELL = (_MINIMUM, _MAXIMUM, _LOW_HALF)
# tnum_range() and tnum_in() until "bpf: enforce exact retval range on subprog/callback exit",
# seen first in 6.12; 6.1 has them
RANGES = {"retval_range": 2, "tnum_range": 2, "tnum_const": 1}
_CHECKS = ("retval_range_within", "tnum_in")
_CALLBACK_RANGE = "callback_ret_range"
_ASKED, _PRECISE = "#asked", "#precise"
MARKS_PRECISE = "mark_chain_precision"
_ERROR = re.compile(r"-\s*E[A-Z0-9]+\b|-\s*\d")
_NUMBER = "SCALAR_VALUE"
# What is so of a register with a number in it, and of fields that it has only as a pointer.
_OF_NUMBERS = {"check_reg_arg": 0, "is_pointer_value": 0}
_FIELDS_OF_NUMBERS = ("btf", "ref_obj_id")


class Cell(NamedTuple):
    """Bounds that a number is checked against.

    `low_half`: its low half is. `precise`: a verifier keeps states apart by it ("bpf: enforce
    precision of R0 on program exit", seen first in 6.12).
    """

    minimum: int
    maximum: int
    low_half: bool
    precise: bool = False


class Outcome(NamedTuple):
    """What a run comes to: a cell, None where any number will do; `sure` False: not known."""

    cell: Cell | None
    sure: bool


class Machine(Protocol):
    """What runs share: the tree's names and functions."""

    def constant(self, name: str) -> Value:
        """Return the value of an enumerator or macro."""

    def find(self, name: str) -> Function | None:
        """Return a function that asks about the program."""

    def cases_of(self, switch: Node, read: Runner) -> list[Case] | None:
        """Return the cases of a switch, which are the same in every run."""


@dataclass(slots=True)
class Question:
    """A kind of program by the numbers of enumerators; `target`: what the function returns that it
    attaches to, and `in_set`: it is in the set of BTF ids that is asked. `callback`: it is a
    callback that is run later, and what may be returned from it.

    The rest is what the run asked for; `names`: the constants.
    """

    program_type: int
    attach_type: int
    target: Returns
    in_set: bool = False
    callback: Cell | None = None
    names: set[str] = field(default_factory=set)
    asked_target: bool = False
    asked_pointer: bool = False
    asked_sets: list[str] = field(default_factory=list)
    outcomes: set[Cell | None] = field(default_factory=set)
    is_lost: bool = False
    line: int = 0

    def outcome(self) -> Outcome:
        """Return what it came to."""
        if self.is_lost or len(self.outcomes) > 1:
            return Outcome(None, False)
        return Outcome(next(iter(self.outcomes), None), True)  # none: refused for something else


def ask(machine: Machine, function: Function, question: Question) -> Outcome:
    """Run the check for a question, which is filled in. Raises TooLongError."""
    _Check(machine, function, question, dict.fromkeys(function.parameters)).execute()
    return question.outcome()


class _Run(Runner):
    """One call of the check or of a function that answers for it."""

    def __init__(
        self,
        machine: Machine,
        function: Function,
        question: Question,
        variables: Mapping[str, Value],
    ) -> None:
        super().__init__(function, variables)
        self._machine = machine
        self.question = question
        self._at_labels: dict[str, list[dict[str, Value]]] = {}
        self.at_returns: list[dict[str, Value]] = []

    def constant(self, name: str) -> Value:
        """Return the value of an enumerator or macro."""
        self.question.names.add(name)
        return self._machine.constant(name)

    def read_cases(self, switch: Node) -> list[Case] | None:
        """Return the cases of a switch, the same in every run."""
        cases = self._machine.cases_of(switch, self)
        self.question.names.update(text_of(case.label) for case in cases or ())
        return cases

    def begin_at(self, label: str) -> None:
        """Go on after a label with what was known where it was gone to."""
        if label in self._at_labels:
            self.variables = self.agreed(self._at_labels[label])

    def _statement(self, node: Node) -> set[str]:
        if node.type == "goto_statement":
            label = text_of(node.named_children[0])
            self._at_labels.setdefault(label, []).append(dict(self.variables))
        return super()._statement(node)

    def returns(self, node: Node, values: list[Value]) -> None:
        """Note what is known where the function returns."""
        super().returns(node, values)
        self.at_returns.append(dict(self.variables))

    # ranges

    def declare(self, name: str, value: Node) -> None:
        """Note a local; one that is a range has bounds."""
        if not self._set_range(name, value):
            super().declare(name, value)

    def _assign(self, node: Node) -> Value:
        left, right = field_of(node, "left"), field_of(node, "right")
        name = "" if left is None else _target(left)
        is_plain = right is not None and node.children[1].type == "="
        if right is not None and is_plain and self._set_range(name, right):
            return None
        if name.endswith(_CELL):
            self.variables[name] = self.value(right) if right is not None and is_plain else None
            return None
        self._forget(name)
        return super()._assign(node)

    def _forget(self, name: str) -> None:
        """Note that nobody knows what a range, or a part of one, is from here on."""
        for known in (name, *(name + part for part in _CELL)):
            if known.endswith(_CELL) and known in self.variables:
                self.variables[known] = None

    def other_value(self, node: Node) -> Value:
        """Note what is counted up or down."""
        argument = field_of(node, "argument")
        if node.type == "update_expression" and argument is not None:
            self._forget(_target(argument))
        return super().other_value(node)

    def _set_range(self, name: str, value: Node) -> bool:
        """Set a range; return whether the value is one."""
        found: list[Value]
        call = called_name(value) if value.type == "call_expression" else ""
        if call in RANGES:
            arguments = [self.value(argument) for argument in arguments_of(value)]
            if len(arguments) != RANGES[call]:
                return False
            found = [arguments[0], arguments[-1], 0]
        elif value.type == "field_expression" and text_of(value).endswith(_CALLBACK_RANGE):
            cell = self.question.callback
            found = [None] * 3 if cell is None else [cell.minimum, cell.maximum, cell.low_half]
        else:
            return False
        for part, known in zip(_CELL, found, strict=True):
            self.variables[name + part] = known
        return True

    def _cell(self, name: str, low_half: Value) -> Cell | None:
        low, high, half = (self.variables.get(name + part) for part in _CELL)
        half = low_half if low_half is not None else half
        if None in (low, high, half):
            return None
        return Cell(low or 0, high or 0, bool(half), self.variables.get(_PRECISE) == 1)

    # what is asked

    def field_value(self, node: Node) -> Value:
        """Return what is known of the program, its frame and the register."""
        name, base = field_of(node, "field"), field_of(node, "argument")
        word = text_of(name) if name is not None else ""
        of = text_of(base).replace("->", ".").rpartition(".")[2] if base is not None else ""
        question = self.question
        if word == "expected_attach_type":
            return question.attach_type
        if word == "type" and of == "attach_func_proto":
            question.asked_target = True
            return int(question.target != Returns.NOTHING)
        if word == "type" and of in ("prog", "reg"):
            return question.program_type if of == "prog" else self.constant(_NUMBER)
        if word in ("in_async_callback_fn", "subprogno"):
            return int(question.callback is not None)
        if word in ("in_exception_callback_fn", "attach_btf_id"):
            return 0
        if of == "reg" and word in _FIELDS_OF_NUMBERS:
            return 0
        return self.variables.get(f"{of}.{word}")

    def call_value(self, name: str, node: Node, values: list[Value]) -> Value:
        """Answer for the program, or run a function that does."""
        arguments = arguments_of(node)
        if name == "resolve_prog_type":
            return self.question.program_type
        if name in _OF_NUMBERS:
            return _OF_NUMBERS[name]
        if name == MARKS_PRECISE:
            self.variables[_PRECISE] = 1
            return 0
        if name == "btf_type_resolve_ptr":
            self.question.asked_pointer = True
            return int(self.question.target == Returns.POINTER)
        if name == "btf_id_set_contains":
            self.question.asked_sets.append(_target(arguments[0]))
            return int(self.question.in_set)
        if name in _CHECKS:
            if self.variables.get(_ASKED) == 1:  # what more is asked keeps no program out
                return None
            return self._check(node, arguments, values)
        function = self._machine.find(name)
        if function is None or function.name == self.function.name:
            for argument in arguments:  # its address may be given
                self._forget(_target(argument))
            return None
        return self._enter(function, arguments)

    def _check(self, node: Node, arguments: list[Node], values: list[Value]) -> Value:
        """A range is asked about the register: what comes of it is that it lies within."""
        given = values[2] if len(values) > 2 else None
        cell = self._cell(_target(arguments[0]), given)
        if (len(values) > 2 and given is None) or cell is None:
            self.question.is_lost = True
        else:
            self.question.outcomes.add(cell)
        self.question.line = self.function.line_of(node)
        self.variables[_ASKED] = 1
        return 1

    def _enter(self, function: Function, arguments: list[Node]) -> Value:
        """Run a function, which may set a range that it is given the address of."""
        pairs = list(zip(function.parameters, map(_target, arguments), strict=False))
        inner: dict[str, Value] = dict.fromkeys(function.parameters)
        for parameter, name in pairs:
            for part in _CELL:
                if name + part in self.variables:
                    inner[parameter + part] = self.variables[name + part]
        run = _Run(self._machine, function, self.question, inner)
        answer = run.execute()
        after = self.agreed(run.at_returns)
        for parameter, name in pairs:
            for part in _CELL:
                if name + part in self.variables:
                    self.variables[name + part] = after.get(parameter + part)
        return answer


class _Check(_Run):
    """The check itself: it returns 0 where a program may return what it does."""

    def returns(self, node: Node, values: list[Value]) -> None:
        """Note a way out that asks nothing; errors are about something else."""
        super().returns(node, values)
        if self.variables.get(_ASKED) == 1 or _ERROR.search(text_of(node)):
            return
        if values == [0]:
            self.question.outcomes.add(None)
        elif not values or values[0] is None:
            self.question.is_lost = True


def _target(node: Node) -> str:
    """Return the name of a local or of what it points to: `range` of `&range`, `*range` and
    `(range)`, `range.minval` of `range->minval`."""
    return text_of(node).strip("()*& ").replace("->", ".").replace(" ", "")
