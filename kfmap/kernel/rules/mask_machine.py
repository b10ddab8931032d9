"""Run kernel functions with one mask in force, far enough to see which mask checks fail.

Reads function bodies as tree-sitter nodes. Values are integers, or None for what is not known; a
branch on a value that is not known is taken both ways. Mirrors `scx_kf_allowed()` and kin
(kernel/sched/ext.c), which it runs as they are written rather than knowing what they test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tree_sitter import Node

from kfmap.kernel.facts import Place

CHECK = "scx_kf_allowed"
MASK_FIELD = "kf_mask"
TASKS_FIELD = "kf_tasks"
_MAX_STEPS = 50_000
_MAX_DEPTH = 12
_TRANSPARENT = frozenset({"likely", "unlikely"})

Value = int | None
Way = tuple[tuple[str, Place], ...]


class TooLongError(RuntimeError):
    """A function is too large or too deep to run."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function definition: its body and where it is."""

    name: str
    file: str
    parameters: tuple[str, ...]
    body: Node


@dataclass(slots=True)
class Run:
    """What one run met: the ways to checks that failed, and whether tasks were compared."""

    failures: list[Way] = field(default_factory=list)
    compares_tasks: bool = False
    steps: int = 0


@dataclass(frozen=True, slots=True)
class MaskMachine:
    """The functions that matter, and the values of enumerators."""

    functions: Mapping[str, Function]
    constant: Callable[[str], Value]
    relevant: frozenset[str]

    def run(self, name: str, in_force: int) -> Run:
        """Call a kfunc with arguments that are not known."""
        run = Run()
        _Call(self, run, in_force, (), self.functions[name], {}).execute()
        return run

    def check_passes(self, mask: int, in_force: int) -> Value:
        """Give what the check itself answers for a mask."""
        function = self.functions[CHECK]
        values = dict.fromkeys(function.parameters, None) | {function.parameters[-1]: mask}
        return _Call(self, Run(), in_force, (), function, values).execute()


def build_machine(
    functions: Mapping[str, Function], constant: Callable[[str], Value]
) -> MaskMachine:
    """Find the functions from which a check of the mask can be reached."""
    callers: dict[str, set[str]] = {}
    reached = []
    for name, function in functions.items():
        for node in walk(function.body):
            if node.type == "field_identifier" and text_of(node) == MASK_FIELD:
                reached.append(name)
            elif node.type == "call_expression":
                callers.setdefault(called_name(node), set()).add(name)
    relevant: set[str] = set()
    while reached:
        name = reached.pop()
        if name not in relevant:
            relevant.add(name)
            reached.extend(callers.get(name, ()))
    return MaskMachine(functions, constant, frozenset(relevant))


def walk(node: Node) -> Iterator[Node]:
    """Give the node and all under it."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(current.children)


def text_of(node: Node) -> str:
    """Give the text of a node."""
    return (node.text or b"").decode(errors="replace")


def called_name(call: Node) -> str:
    """Give the name of the function or macro that is called, "" if it is not a plain name."""
    function = call.child_by_field_name("function")
    return text_of(function) if function is not None and function.type == "identifier" else ""


def arguments_of(call: Node) -> list[Node]:
    """Give the arguments of a call."""
    arguments = call.child_by_field_name("arguments")
    if arguments is None:
        return []
    return [child for child in arguments.named_children if child.type != "comment"]


# How a statement ends: falls through, leaves the function or loop, or goes to a label.
_FALLS = ""
_LEAVES = "return"
_BREAKS = "break"


class _Call:
    """One call of a function: its variables, and what it returns."""

    def __init__(
        self,
        machine: MaskMachine,
        run: Run,
        in_force: int,
        path: Way,
        function: Function,
        variables: dict[str, Value],
    ) -> None:
        self._machine = machine
        self._run = run
        self._in_force = in_force
        self._path = path
        self._function = function
        self._variables = variables
        self._returned: list[Value] = []

    def execute(self) -> Value:
        """Run the body; give the value returned, None where it is not known or differs."""
        body = self._function.body
        waiting = [_FALLS]
        done: set[str] = set()
        while waiting:
            label = waiting.pop()
            done.add(label)
            after = _statements_after(body, label)
            waiting += self._sequence(after) - done - {_FALLS, _LEAVES, _BREAKS}
            self._variables = {}
        values = set(self._returned)
        return values.pop() if len(values) == 1 else None

    # Statements: each gives the ways it may end

    def _sequence(self, statements: list[Node]) -> set[str]:
        ends: set[str] = set()
        for statement in statements:
            ways = self._statement(statement)
            ends |= ways - {_FALLS}
            if _FALLS not in ways:
                return ends
        return ends | {_FALLS}

    def _statement(self, node: Node) -> set[str]:
        self._run.steps += 1
        if self._run.steps > _MAX_STEPS:
            raise TooLongError(f"{self._function.name} takes more than {_MAX_STEPS} steps")
        match node.type:
            case "compound_statement" | "else_clause":
                return self._sequence(node.named_children)
            case "if_statement":
                return self._if(node)
            case "return_statement":
                self._returned += [self._value(child) for child in node.named_children] or [None]
                return {_LEAVES}
            case "goto_statement":
                return {text_of(node.named_children[0])}
            case "labeled_statement":
                return self._sequence(node.named_children[1:])
            case "break_statement" | "continue_statement":
                return {_BREAKS}
            case "declaration":
                return self._declare(node)
            case "expression_statement":
                for child in node.named_children:
                    self._value(child)
                return {_FALLS}
            case "comment":
                return {_FALLS}
        return self._maybe(node)

    def _if(self, node: Node) -> set[str]:
        condition = node.child_by_field_name("condition")
        known = None if condition is None else self._value(condition)
        taken = [node.child_by_field_name("consequence"), node.child_by_field_name("alternative")]
        if known is not None:
            chosen = taken[0] if known else taken[1]
            return {_FALLS} if chosen is None else self._statement(chosen)
        before = dict(self._variables)
        ends: set[str] = set()
        outcomes = []
        for branch in taken:
            self._variables = dict(before)
            ends |= {_FALLS} if branch is None else self._statement(branch)
            outcomes.append(self._variables)
        self._variables = {
            name: value for name, value in outcomes[0].items() if outcomes[1].get(name) == value
        }
        return ends

    def _declare(self, node: Node) -> set[str]:
        for child in node.named_children:
            if child.type == "init_declarator":
                declarator = child.child_by_field_name("declarator")
                value = child.child_by_field_name("value")
                if declarator is not None and value is not None:
                    self._variables[text_of(declarator)] = self._value(value)
        return {_FALLS}

    def _maybe(self, node: Node) -> set[str]:
        """Run what is inside a loop, a switch or what is not a statement: perhaps, in any order."""
        self._variables = dict.fromkeys(self._variables)
        ends = {_FALLS}
        for child in node.named_children:
            if child.type.endswith(("_statement", "declaration")):
                ends |= self._statement(child)
            elif child.type.endswith("_expression"):
                self._value(child)
            else:
                ends |= self._maybe(child)
            self._variables = dict.fromkeys(self._variables)
        return ends - {_BREAKS}

    # Expressions

    def _value(self, node: Node) -> Value:
        match node.type:
            case "number_literal":
                return parse_number(text_of(node))
            case "true" | "false":
                return int(node.type == "true")
            case "identifier":
                name = text_of(node)
                return self._variables[name] if name in self._variables else self._constant(name)
            case "field_expression":
                member = node.child_by_field_name("field")
                is_mask = member is not None and text_of(member) == MASK_FIELD
                return self._in_force if is_mask else None
            case "parenthesized_expression":
                values = [self._value(child) for child in node.named_children]
                return values[-1] if values else None
            case "cast_expression":
                value = node.child_by_field_name("value")
                return None if value is None else self._value(value)
            case "unary_expression":
                return self._unary(node)
            case "binary_expression":
                return self._binary(node)
            case "call_expression":
                return self._call(node)
            case "assignment_expression":
                return self._assign(node)
        for child in node.named_children:
            self._value(child)
        return None

    def _constant(self, name: str) -> Value:
        return self._machine.constant(name)

    def _unary(self, node: Node) -> Value:
        operator, operand = node.children[0].type, node.child_by_field_name("argument")
        value = None if operand is None else self._value(operand)
        if value is None:
            return None
        return {"!": int(not value), "~": ~value, "-": -value}.get(operator)

    def _binary(self, node: Node) -> Value:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return None
        operator = node.children[1].type
        first = self._value(left)
        if operator in ("&&", "||"):
            decisive = operator == "||"
            if first is not None and bool(first) is decisive:
                return int(decisive)
            second = self._value(right)
            if second is None or (first is None and bool(second) is not decisive):
                return None
            return int(bool(second))
        second = self._value(right)
        return None if first is None or second is None else compute(operator, first, second)

    def _assign(self, node: Node) -> Value:
        target, source = node.child_by_field_name("left"), node.child_by_field_name("right")
        value = None if source is None else self._value(source)
        is_plain = node.children[1].type == "="
        if target is not None and target.type == "identifier":
            self._variables[text_of(target)] = value if is_plain else None
        return value if is_plain else None

    def _call(self, node: Node) -> Value:
        name = called_name(node)
        arguments = arguments_of(node)
        values = [self._value(argument) for argument in arguments]
        if name in _TRANSPARENT and len(values) == 1:
            return values[0]
        if name == "fls" and len(values) == 1:  # include/asm-generic/bitops/fls.h
            return None if values[0] is None else (values[0] & 0xFFFFFFFF).bit_length()
        function = self._machine.functions.get(name)
        if function is None or not (name in self._machine.relevant or _all_known(values)):
            return None
        return self._enter(function, values, Place(self._function.file, node.start_point.row + 1))

    def _enter(self, function: Function, values: list[Value], place: Place) -> Value:
        path = (*self._path, (self._function.name, place))
        if len(path) > _MAX_DEPTH or any(function.name == name for name, _ in path):
            raise TooLongError(f"{function.name} is called too deep")
        names = function.parameters
        variables = dict.fromkeys(names, None) | dict(zip(names, values, strict=False))
        call = _Call(self._machine, self._run, self._in_force, path, function, variables)
        value = call.execute()
        if function.name == CHECK and value == 0:
            self._run.failures.append(path)
        if function.name.startswith(CHECK) and _mentions(function, TASKS_FIELD):
            self._run.compares_tasks = True
        return value


def compute(operator: str, left: int, right: int) -> Value:
    """Compute a C operator on known integers; None for one that is not meant or does not apply."""
    if operator in ("<<", ">>"):
        if not 0 <= right < 64:
            return None
        return left << right if operator == "<<" else left >> right
    known: dict[str, int | bool] = {
        "&": left & right,
        "|": left | right,
        "^": left ^ right,
        "+": left + right,
        "-": left - right,
        "==": left == right,
        "!=": left != right,
        "<": left < right,
        ">": left > right,
        "<=": left <= right,
        ">=": left >= right,
    }
    return int(known[operator]) if operator in known else None


def parse_number(text: str) -> Value:
    """Read a C integer literal."""
    digits = text.rstrip("uUlL")
    octal = len(digits) > 1 and digits.startswith("0") and digits.isdigit()
    try:
        return int(digits, 8 if octal else 0)
    except ValueError:
        return None


def _statements_after(body: Node, label: str) -> list[Node]:
    statements = body.named_children
    if label == _FALLS:
        return statements
    for at, statement in enumerate(statements):
        is_label = statement.type == "labeled_statement"
        if is_label and text_of(statement.named_children[0]) == label:
            return statements[at:]
    return statements  # a label further in: anything may follow


def _all_known(values: list[Value]) -> bool:
    return bool(values) and None not in values


def _mentions(function: Function, member: str) -> bool:
    return any(
        node.type == "field_identifier" and text_of(node) == member for node in walk(function.body)
    )
