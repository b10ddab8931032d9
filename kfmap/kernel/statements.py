"""Run the statements of a function as far as its values are known.

A branch on a value that is not known is taken both ways, a loop perhaps once. Subclasses say what
calls and fields mean, and note what they meet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tree_sitter import Node

from kfmap.kernel.expressions import Evaluator, Value
from kfmap.kernel.switches import has_label
from kfmap.kernel.syntax import (
    Function,
    declared_names,
    field_of,
    strip_parentheses,
    text_of,
    walk,
)

_MAX_STEPS = 50_000

# How a statement ends: falls through, leaves the function, leaves the loop, or goes to a label.
FALLS = ""
LEAVES = "return"
BREAKS = "break"
CONTINUES = "continue"


class Case(NamedTuple):
    """A label of a switch with its value, None for default, and the statements up to the next."""

    label: Node
    value: Value
    statements: list[Node]


class TooLongError(RuntimeError):
    """A function is too large or too deep to run."""


class Runner(Evaluator):
    """One call of a function: its variables, and what it returns."""

    def __init__(self, function: Function, variables: Mapping[str, Value]) -> None:
        self.function = function
        self.variables: dict[str, Value] = dict(variables)
        self.returned: list[Value] = []
        self.steps = 0
        self.is_rerun = False  # from a label on, its variables unknown

    def execute(self) -> Value:
        """Run the body; give the value returned, None where it is not known or differs.

        Raises TooLongError where it takes too many steps.
        """
        waiting = [FALLS]
        done: set[str] = set()
        while waiting:
            label = waiting.pop()
            done.add(label)
            self.begin_at(label)
            try:
                ends = self._sequence(_statements_after(self.function.body, label))
            except RecursionError:  # as deep as its author made it
                raise TooLongError(f"{self.function.name} is nested too deep") from None
            waiting += ends - done - {FALLS, LEAVES, BREAKS, CONTINUES}
            self.variables = {}
            self.is_rerun = True
        values = set(self.returned)
        return values.pop() if len(values) == 1 else None

    def begin_at(self, label: str) -> None:
        """Note that what follows a label is run next; FALLS stands for the whole body."""

    def condition_value(self, node: Node) -> Value:
        """Return the value of the condition of an if."""
        return self.value(node)

    def constant(self, name: str) -> Value:
        """Return the value of a name that is no variable."""
        return None

    def name_value(self, name: str) -> Value:
        """Return the value of a variable or a constant."""
        return self.variables[name] if name in self.variables else self.constant(name)

    def returns(self, node: Node, values: list[Value]) -> None:
        """Note a return statement."""
        self.returned += values or [None]

    def count_step(self) -> None:
        """Count a statement. Raises TooLongError."""
        self.steps += 1
        if self.steps > _MAX_STEPS:
            raise TooLongError(f"{self.function.name} takes more than {_MAX_STEPS} steps")

    def other_value(self, node: Node) -> Value:
        """Run assignments; of anything else, the parts."""
        if node.type == "assignment_expression":
            return self._assign(node)
        value = super().other_value(node)
        if node.type == "update_expression" or _is_address(node):
            argument = field_of(node, "argument")  # what it is from now on is not known
            name = "" if argument is None else text_of(strip_parentheses(argument))
            if name in self.variables:
                self.variables[name] = None
        return value

    # Statements: each gives the ways it may end

    def _sequence(self, statements: list[Node]) -> set[str]:
        ends: set[str] = set()
        for statement in statements:
            ways = self._statement(statement)
            ends |= ways - {FALLS}
            if FALLS not in ways:
                return ends
        return ends | {FALLS}

    def _statement(self, node: Node) -> set[str]:
        self.count_step()
        match node.type:
            case "compound_statement":
                return self._block(node)
            case "else_clause":
                return self._sequence(node.named_children)
            case "if_statement":
                return self._if(node)
            case "switch_statement":
                return self._switch(node)
            case "return_statement":
                self.returns(node, [self.value(child) for child in node.named_children])
                return {LEAVES}
            case "goto_statement":
                return {text_of(node.named_children[0])}
            case "labeled_statement":
                return self._sequence(node.named_children[1:])
            case "break_statement":
                return {BREAKS}
            case "continue_statement":
                return {CONTINUES}
            case "declaration":
                return self._declare(node)
            case "expression_statement":
                return self._expression(node)
            case "comment":
                return {FALLS}
        return self._maybe(node)

    def _block(self, node: Node) -> set[str]:
        """Run a block, whose variables hide others of their names until it ends."""
        own = {name for child in node.named_children for name in declared_names(child)}
        hidden = {name: self.variables[name] for name in own & self.variables.keys()}
        ways = self._sequence(node.named_children)
        self.variables |= hidden
        return ways

    def _expression(self, node: Node) -> set[str]:
        for child in node.named_children:
            expanded = self.expanded(child)
            if expanded:
                return self._sequence(expanded)
            self.value(child)
        return {FALLS}

    def expanded(self, node: Node) -> list[Node]:
        """Return the statements that a macro stands for, none for what is to be taken as it is."""
        return []

    def _if(self, node: Node) -> set[str]:
        _, branches = self._choose(node)
        if len(branches) == 1:
            return {FALLS} if branches[0] is None else self._statement(branches[0])
        before = dict(self.variables)
        ends: set[str] = set()
        outcomes = []
        for branch in branches:
            self.variables = dict(before)
            ways = {FALLS} if branch is None else self._statement(branch)
            ends |= ways
            if FALLS in ways:
                outcomes.append(self.variables)
        self.variables = self.agreed(outcomes)
        return ends

    def _choose(self, node: Node) -> tuple[Node | None, list[Node | None]]:
        """Return the condition of an `if`, and the ways that it leaves: one where it is known."""
        condition = field_of(node, "condition")
        known = None if condition is None else self.condition_value(condition)
        ways = [field_of(node, "consequence"), field_of(node, "alternative")]
        return condition, ways if known is None else [ways[0] if known else ways[1]]

    @staticmethod
    def agreed(outcomes: list[dict[str, Value]]) -> dict[str, Value]:
        """Return the variables where several ways meet: unknown where the ways differ."""
        if not outcomes:
            return {}
        first = dict(outcomes[0])
        for other in outcomes[1:]:
            for name in first.keys() | other.keys():
                if name not in first or name not in other or first[name] != other[name]:
                    first[name] = None
        return first

    def _switch(self, node: Node) -> set[str]:
        condition = field_of(node, "condition")
        known = None if condition is None else self.value(condition)
        cases = None if known is None else self.read_cases(node)
        if known is None or cases is None:
            return self._maybe(node)
        at = self.find_case(cases, known)
        if at is None:
            return {FALLS}
        ends: set[str] = {FALLS}
        for case in cases[at:]:
            ends = self._sequence(case.statements)
            if FALLS not in ends:
                break
        return {FALLS if way == BREAKS else way for way in ends}

    def read_cases(self, switch: Node) -> list[Case] | None:
        """Return the cases of a switch: None where a label is not known or stands further in."""
        body = field_of(switch, "body")
        if body is None or any(map(has_label, body.named_children)):
            return None
        cases = []
        for node in body.named_children:
            if node.type == "case_statement":
                label = field_of(node, "value")
                value = None if label is None else self.value(label)
                if label is not None and value is None:
                    return None
                statements = [child for child in node.named_children if child != label]
                cases.append(Case(label or node, value, statements))
        return cases

    def find_case(self, cases: list[Case], value: int) -> int | None:
        """Return the index of the case that a value goes to."""
        default = None
        for at, case in enumerate(cases):
            if case.value == value:
                return at
            if case.value is None:
                default = at
        return default

    def _declare(self, node: Node) -> set[str]:
        for child in node.named_children:
            if child.type == "init_declarator":
                declarator, value = field_of(child, "declarator"), field_of(child, "value")
                if declarator is not None and value is not None:
                    self.declare(_plain_name(declarator), value)
        return {FALLS}

    def declare(self, name: str, value: Node) -> None:
        """Note a variable with its first value."""
        self.variables[name] = self.value(value)

    def _maybe(self, node: Node) -> set[str]:
        """Run what is inside a loop or what is not a statement: perhaps, in any order."""
        self.variables = dict.fromkeys(self.variables)
        ends = {FALLS}
        for child in node.named_children:
            if child.type.endswith(("_statement", "declaration")):
                ends |= self._statement(child)
            elif child.type.endswith("_expression"):
                self.value(child)
            else:
                ends |= self._maybe(child)
            self.variables = dict.fromkeys(self.variables)
        return ends - {BREAKS, CONTINUES}

    def _assign(self, node: Node) -> Value:
        target, source = field_of(node, "left"), field_of(node, "right")
        value = None if source is None else self.value(source)
        is_plain = node.children[1].type == "="
        target = target if target is None else strip_parentheses(target)
        if target is not None and target.type == "identifier":
            self.variables[text_of(target)] = value if is_plain else None
        return value if is_plain else None


def _is_address(node: Node) -> bool:
    return node.type == "pointer_expression" and node.children[0].type == "&"


def _plain_name(declarator: Node) -> str:
    names = [text_of(node) for node in walk(declarator) if node.type == "identifier"]
    return names[0] if names else ""


def _statements_after(body: Node, label: str) -> list[Node]:
    statements = body.named_children
    if label == FALLS:
        return statements
    for at, statement in enumerate(statements):
        is_label = statement.type == "labeled_statement"
        if is_label and text_of(statement.named_children[0]) == label:
            return statements[at:]
    return statements  # a label further in: anything may follow
