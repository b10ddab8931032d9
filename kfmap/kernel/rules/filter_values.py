"""What the expressions of a kfunc filter mean: fields of the program, set tests, rows of tables."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping

from tree_sitter import Node

from kfmap.kernel.code import Code
from kfmap.kernel.expressions import Value, compute, parse_number
from kfmap.kernel.preprocessor import config_call
from kfmap.kernel.rule_form import (
    Always,
    Condition,
    InSet,
    StructOpsIs,
    TableHas,
    TargetIn,
)
from kfmap.kernel.rules.conditions import either, is_too_large, join, negate
from kfmap.kernel.rules.filter_comparisons import Comparisons
from kfmap.kernel.rules.filter_meanings import (
    Global,
    Holds,
    Index,
    Known,
    ListItem,
    Meaning,
    NotInSubsetError,
    Number,
    Opaque,
    Row,
    Tables,
)
from kfmap.kernel.rules.function_doubts import find_doubt
from kfmap.kernel.source import substitute
from kfmap.kernel.syntax import (
    Function,
    arguments_of,
    called_name,
    field_of,
    parse_expression,
    parse_function,
    strip_parentheses,
    text_of,
    walk,
)

_MAX_DEPTH = 8
_SET_TESTS = ("btf_id_set8_contains", "btf_id_set_contains")
_AS_ARGUMENT = ("likely", "unlikely", "READ_ONCE", "WARN_ON", "WARN_ON_ONCE")
_BOOL = ("bool", "_Bool")
_NARROW = re.compile(
    r"(?:__)?[us](?:8|16)|u?int(?:8|16)_t|(?:un)?signed char|char|(?:unsigned )?short"
)
_WIDE = re.compile(r"(?:__)?[us]32|u?int32_t|(?:unsigned )?int|unsigned|signed|enum \w+")
_EVERY_WIDTH = range(128)
_OF_INT = range(-(1 << 31), 1 << 31)
_UNSIGNED = re.compile(r"\b(?:0x[\da-f]+|\d+)l*u", re.I)
_WIDER = (Known("offset"), Known("kfunc"), Known("target"))  # than the narrow types
_RETURNS_BOOL = re.compile(r"\b(?:_B|b)ool\s*\Z")
_RETURNS_NARROW = re.compile(rf"(?:{_NARROW.pattern})\s*\Z")
_FIELDS = {
    ("prog", "type"): "type",
    ("prog", "expected_attach_type"): "attach",
    ("prog", "aux"): "aux",
    ("aux", "st_ops"): "st_ops",
    ("aux", "attach_st_ops_member_off"): "offset",
    ("aux", "attach_btf_id"): "target",
    ("aux", "prog"): "prog",
}


class ValueReader(ABC):
    """Reads the expressions of one function; a helper's statements are for a subclass to read."""

    def __init__(self, code: Code, function: Function, tables: Tables, depth: int = 0) -> None:
        self.code = code
        self.function = function
        self.file = function.file
        self.tables = tables
        self.depth = depth
        self.comparisons = Comparisons(code, tables, function.file)

    @abstractmethod
    def returned(self, function: Function, given: dict[str, Meaning], node: Node) -> Condition:
        """Return what a predicate returns for these arguments. Raises NotInSubsetError."""

    def line(self, node: Node) -> int:
        """Return a node's line; nodes of an expanded macro have none of their own."""
        inside = self.function.body.start_byte <= node.start_byte < self.function.body.end_byte
        return self.function.line_of(node) if inside else self.function.line

    # Conditions

    def condition(self, node: Node, env: Mapping[str, Meaning]) -> Condition:
        """Compile an expression that is used as a truth value. Raises NotInSubsetError."""
        node = strip_parentheses(node)
        if node.type == "binary_expression" and node.children[1].type in ("&&", "||"):
            return self._logical(node, env)
        if node.type == "unary_expression" and node.children[0].type == "!":
            operand = field_of(node, "argument")
            if operand is not None:
                return negate(self.condition(operand, env))
        return self.condition_of(self.meaning(node, env), node)

    def condition_of(self, meaning: Meaning, node: Node) -> Condition:
        """Return the truth of a value. Raises NotInSubsetError for one that has none."""
        match meaning:
            case Holds(condition):
                return condition
            case Number(value):
                return Always(value != 0)
            case Row(table, mask, names) if mask is not None:
                return TableHas(table, mask, names)
            case Known("st_ops"):
                return negate(StructOpsIs(None))
            case Known("prog" | "aux"):
                return Always(True)
        raise NotInSubsetError(f"truth of {text_of(node)[:60]}", node)

    def _logical(self, node: Node, env: Mapping[str, Meaning]) -> Condition:
        left, right = field_of(node, "left"), field_of(node, "right")
        if left is None or right is None:
            raise NotInSubsetError("incomplete expression", node)
        is_and = node.children[1].type == "&&"
        first = self.condition(left, env)
        if isinstance(first, Always) and first.value is not is_and:
            return first
        second = self.condition(right, env)
        return join(is_and, (first, second))

    # Values

    def meaning(self, node: Node, env: Mapping[str, Meaning]) -> Meaning:
        """Return what an expression is. Raises NotInSubsetError."""
        found = self._meaning(strip_parentheses(node), env)
        if isinstance(found, Holds) and is_too_large(found.condition):
            raise NotInSubsetError("condition too large", node)
        return found

    def _meaning(self, node: Node, env: Mapping[str, Meaning]) -> Meaning:
        match node.type:
            case "identifier":
                return self._name(node, env)
            case "number_literal":
                return self._number(parse_number(text_of(node)), node)
            case "true" | "false":
                return Number(int(node.type == "true"))
            case "null":
                return Number(0)
            case "field_expression":
                return self._field(node, env)
            case "pointer_expression":
                return self._pointer(node, env)
            case "cast_expression":
                value = self.meaning(self._part(node, "value"), env)
                return self.converted(value, text_of(self._part(node, "type")), node)
            case "call_expression":
                return self._call(node, env)
            case "subscript_expression":
                return self._subscript(node, env)
            case "unary_expression":
                return self._unary(node, env)
            case "binary_expression":
                return self._binary(node, env)
            case "conditional_expression":
                return self._ternary(node, env)
            case "offsetof_expression" | "sizeof_expression":
                return self._number(self.code.evaluate(text_of(node), self.file), node)
        raise NotInSubsetError(node.type.replace("_", " "), node)

    def _part(self, node: Node, name: str) -> Node:
        part = field_of(node, name)
        if part is None:
            raise NotInSubsetError("incomplete expression", node)
        return part

    def _number(self, value: Value, node: Node) -> Number:
        if value is None:
            raise NotInSubsetError(f"value of {text_of(node)[:60]}", node)
        return Number(value)

    def _name(self, node: Node, env: Mapping[str, Meaning]) -> Meaning:
        name = text_of(node)
        if name in env:
            known = env[name]
            if isinstance(known, Opaque):
                raise NotInSubsetError(known.construct, node)
            return known
        value = self._value(name, node)
        return Global(name) if value is None else Number(value, name)

    def _value(self, name: str, node: Node) -> Value:
        """Return the value of a name where it stands: a file may define a macro anew."""
        here = self.code.macro(name, self.file, self.line(node))
        if here is None or here.parameters is not None or here == self.code.macro(name, self.file):
            return self.code.value(name, self.file)
        return self.code.evaluate(here.body, self.file)

    def converted(self, value: Meaning, type_: str, node: Node) -> Meaning:
        """Return a value as one of a type. Raises NotInSubsetError where it may not fit."""
        if isinstance(value, Holds) and type_ in _BOOL:
            return Holds(value.condition)
        if isinstance(value, Number) and type_ in _BOOL:
            return Number(int(value.value != 0))
        plain = " ".join(type_.split())
        if plain in _BOOL:
            return Holds(self.condition_of(value, node))
        is_narrow = _NARROW.fullmatch(plain) is not None
        fits = _EVERY_WIDTH if is_narrow else _OF_INT
        is_cut = isinstance(value, Number) and value.value not in fits
        is_cut = is_cut and (is_narrow or _WIDE.fullmatch(plain) is not None)
        if is_cut or (is_narrow and value in _WIDER):
            raise NotInSubsetError(f"value of {text_of(node)[:60]}", node)
        return value

    def _field(self, node: Node, env: Mapping[str, Meaning]) -> Meaning:
        base = self.meaning(self._part(node, "argument"), env)
        name = text_of(self._part(node, "field"))
        what = _FIELDS.get((base.what, name)) if isinstance(base, Known) else None
        if what is None:
            raise NotInSubsetError(f"field {name}", node)
        return Known(what)

    def _pointer(self, node: Node, env: Mapping[str, Meaning]) -> Meaning:
        target = strip_parentheses(self._part(node, "argument"))
        if node.children[0].type == "&" and text_of(target) in env:
            raise NotInSubsetError("address of a local", node)
        if node.children[0].type == "&" and target.type == "identifier":
            return Global(text_of(target), is_address=True)
        raise NotInSubsetError("pointer", node)

    def _unary(self, node: Node, env: Mapping[str, Meaning]) -> Meaning:
        operand = self._part(node, "argument")
        operator = node.children[0].type
        if operator == "!":
            return Holds(negate(self.condition(operand, env)))
        value = self.meaning(operand, env)
        if isinstance(value, Holds) and operator in ("-", "+"):
            return Holds(value.condition, is_bool=False)
        if isinstance(value, Number) and operator in ("-", "~", "+"):
            return Number({"-": -value.value, "~": ~value.value, "+": value.value}[operator])
        raise NotInSubsetError(f"unary {operator}", node)

    def _ternary(self, node: Node, env: Mapping[str, Meaning]) -> Meaning:
        condition = self.condition(self._part(node, "condition"), env)
        taken = field_of(node, "consequence")
        other = self._part(node, "alternative")
        if isinstance(condition, Always):
            return self.meaning(taken if condition.value and taken is not None else other, env)
        values = [self.meaning(part, env) for part in (taken, other) if part is not None]
        first = condition if taken is None else self.condition_of(values[0], taken)
        second = self.condition_of(values[-1], other)
        return Holds(either(condition, first, second), all(map(_is_bool, values)))

    def _subscript(self, node: Node, env: Mapping[str, Meaning]) -> Meaning:
        base = self.meaning(self._part(node, "argument"), env)
        index = self.meaning(self._part(node, "index"), env)
        if isinstance(base, Global) and isinstance(index, Index):
            if self.tables.use_table(base.name, self.file, index.unit):
                return Row(base.name)
            raise NotInSubsetError(f"table {base.name}", node)
        if isinstance(base, Global) and isinstance(index, Number):
            return ListItem(base.name, index.value)
        raise NotInSubsetError(f"element of {text_of(node)[:40]}", node)

    def _binary(self, node: Node, env: Mapping[str, Meaning]) -> Meaning:
        operator = node.children[1].type
        if operator in ("&&", "||"):
            return Holds(self._logical(node, env))
        left = self.meaning(self._part(node, "left"), env)
        right = self.meaning(self._part(node, "right"), env)
        if _may_wrap(operator, left, right) and _UNSIGNED.search(text_of(node)):
            raise NotInSubsetError(f"value of {text_of(node)[:60]}", node)
        if operator in ("==", "!="):
            found = self.comparisons.equal(left, right, node)
            return Holds(found if operator == "==" else negate(found))
        if isinstance(left, Number) and isinstance(right, Number):
            return self._number(compute(operator, left.value, right.value), node)
        if (
            operator == "/"
            and left == Known("offset")
            and isinstance(right, Number)
            and right.value
        ):
            return Index(right.value)
        if operator == "&" and isinstance(left, Row | Number) and isinstance(right, Row | Number):
            row, mask = (left, right) if isinstance(left, Row) else (right, left)
            if isinstance(row, Row) and isinstance(mask, Number) and row.mask is None:
                parts = [self._part(node, "left"), self._part(node, "right")]
                return Row(row.table, mask.value, self._flag_names(parts, mask.value))
        if _is_bool(left) and _is_bool(right) and operator in ("&", "|", "^"):
            first, second = self.condition_of(left, node), self.condition_of(right, node)
            if operator == "^":
                return Holds(either(first, negate(second), second))
            return Holds(join(operator == "&", (first, second)))
        raise NotInSubsetError(f"{operator} on {text_of(node)[:60]}", node)

    def _flag_names(self, parts: list[Node], mask: int) -> tuple[str, ...]:
        names = [text_of(n) for part in parts for n in walk(part) if n.type == "identifier"]
        values = {name: self.code.value(name, self.file) for name in names if name.isupper()}
        return tuple(name for name, value in values.items() if value and value & mask == value)

    # Calls

    def _call(self, node: Node, env: Mapping[str, Meaning]) -> Meaning:
        name, arguments = called_name(node), arguments_of(node)
        if name in _AS_ARGUMENT and len(arguments) == 1 and not self._is_own_macro(name):
            return self.meaning(arguments[0], env)
        if name in _SET_TESTS and len(arguments) == 2 and not self.code.macro(name, self.file):
            return Holds(self._set_test(arguments, env, node))
        option = config_call(self.code.config, name, [text_of(a) for a in arguments])
        if option is not None:
            return Number(option)
        if self.depth >= _MAX_DEPTH:
            raise NotInSubsetError(f"call of {name} too deep", node)
        macro = self.code.macro(name, self.file, self.line(node))
        if macro is not None and macro.parameters is not None:
            return self._macro(substitute(macro, [text_of(a) for a in arguments]), env, node)
        return self._helper(name, arguments, env, node)

    def _is_own_macro(self, name: str) -> bool:
        source = self.code.source(self.file)
        return source is not None and name in source.defined

    def _set_test(self, arguments: list[Node], env: Mapping[str, Meaning], node: Node) -> Condition:
        tested, member = (self.meaning(argument, env) for argument in arguments)
        if isinstance(tested, Global) and isinstance(member, Known):
            if member.what == "kfunc":
                return self.comparisons.in_set(tested.name, node, lambda set_id: InSet(set_id))
            if member.what == "target":
                return self.comparisons.in_set(tested.name, node, lambda set_id: TargetIn(set_id))
        raise NotInSubsetError(f"set test {text_of(node)[:60]}", node)

    def _macro(self, text: str, env: Mapping[str, Meaning], node: Node) -> Meaning:
        self.depth += 1
        try:
            return self.meaning(parse_expression(text), env)
        except NotInSubsetError as error:
            raise NotInSubsetError(str(error), node) from error
        finally:
            self.depth -= 1

    def _helper(
        self, name: str, arguments: list[Node], env: Mapping[str, Meaning], node: Node
    ) -> Meaning:
        """Read a predicate: what it returns as one condition."""
        item = self.code.function(name, self.file)
        if item is None:
            raise NotInSubsetError(f"call of {name}", node)
        doubt = find_doubt(self.code, item)
        if doubt:
            raise NotInSubsetError(f"call of {name}: {doubt[0]}", node)
        function = parse_function(item)
        given = [self.meaning(argument, env) for argument in arguments]
        names = dict(zip(function.parameters, given, strict=False))
        head = item.text[: item.function_start]
        is_bool = _RETURNS_BOOL.search(head) is not None
        if not is_bool and _RETURNS_NARROW.search(head):
            raise NotInSubsetError(f"call of {name}, which cuts off what it returns", node)
        return Holds(self.returned(function, names, node), is_bool)


def _may_wrap(operator: str, left: Meaning, right: Meaning) -> bool:
    """Return whether it matters for two numbers, or what they come to, that one is unsigned."""
    if not isinstance(left, Number) or not isinstance(right, Number):
        return False
    numbers = (left.value, right.value, compute(operator, left.value, right.value) or 0)
    return any(number < 0 or number not in _OF_INT for number in numbers)


def _is_bool(value: Meaning) -> bool:
    if isinstance(value, Holds):
        return value.is_bool
    return isinstance(value, Number) and value.value in (0, 1)
