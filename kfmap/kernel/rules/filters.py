"""Compile a kfunc filter (`btf_kfunc_filter_t`) from C to the rule form.

The subset is what filters are made of: if, return, locals, the two set tests, fields of the
program, tables indexed by member offset, helper predicates. What else there is becomes `Unknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tree_sitter import Node as Syntax

from kfmap.kernel.code import Code, config_call, substitute
from kfmap.kernel.expressions import Value, compute, parse_number
from kfmap.kernel.items import Item
from kfmap.kernel.rule_form import (
    All,
    Always,
    AnyOf,
    AttachTypeIs,
    Branch,
    Condition,
    Decide,
    InSet,
    KfuncIs,
    MemberAt,
    Node,
    Not,
    StructOpsIs,
    TableHas,
    TargetIn,
    TypeIs,
    Unknown,
)
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

_MAX_NODES = 5_000
_MAX_DEPTH = 8
_SET_TESTS = ("btf_id_set8_contains", "btf_id_set_contains")


class NotInSubsetError(ValueError):
    """A construct the rule form has no words for."""

    def __init__(self, construct: str, node: Syntax | None = None) -> None:
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
    """The address of a global variable, or its name."""

    name: str


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
    """A truth value."""

    condition: Condition


Meaning = Number | Known | Global | Index | Row | ListItem | Holds
_FIELDS = {
    ("prog", "type"): "type",
    ("prog", "expected_attach_type"): "attach",
    ("prog", "aux"): "aux",
    ("aux", "st_ops"): "st_ops",
    ("aux", "attach_st_ops_member_off"): "offset",
    ("aux", "attach_btf_id"): "target",
    ("aux", "prog"): "prog",
}


@dataclass(frozen=True, slots=True)
class Tables:
    """What a filter's names mean: sets by name, and which tables it read."""

    find_set: Callable[[str, str], str | None]
    list_entries: Callable[[str, str], tuple[str, ...]]
    use_table: Callable[[str, str, int], bool]


def compile_filter(code: Code, item: Item, tables: Tables) -> Node:
    """Give the rule form of a filter function."""
    function = parse_function(item)
    if len(function.parameters) != 2:
        return Unknown("filter with other parameters", item.file, function.line)
    env: dict[str, Meaning] = {
        function.parameters[0]: Known("prog"),
        function.parameters[1]: Known("kfunc"),
    }
    compiler = _Compiler(code, function, tables, depth=0)
    return compiler.statements(list(function.body.named_children), env)


class _Compiler:
    """Compiles one function; helpers get compilers of their own."""

    def __init__(self, code: Code, function: Function, tables: Tables, depth: int) -> None:
        self._code = code
        self._function = function
        self._file = function.file
        self._tables = tables
        self._depth = depth
        self._count = 0

    # Statements

    def statements(self, rest: list[Syntax], env: dict[str, Meaning]) -> Node:
        """Compile statements up to the end of the function."""
        self._count += 1
        if self._count > _MAX_NODES:
            return self._unknown("filter too large", self._function.body)
        if not rest:
            return self._unknown("end without return", self._function.body)
        first, after = rest[0], rest[1:]
        match first.type:
            case "comment":
                return self.statements(after, env)
            case "compound_statement" | "else_clause":
                return self.statements([*first.named_children, *after], env)
            case "return_statement":
                return self._return(first, env)
            case "if_statement":
                return self._if(first, after, env)
            case "declaration" | "expression_statement":
                return self._assign(first, after, env)
        return self._unknown(first.type.replace("_", " "), first)

    def _return(self, node: Syntax, env: Mapping[str, Meaning]) -> Node:
        values = node.named_children
        return (
            self._outcome(strip_parentheses(values[0]), env)
            if values
            else self._unknown("return without a value", node)
        )

    def _outcome(self, node: Syntax, env: Mapping[str, Meaning]) -> Node:
        if node.type == "conditional_expression":
            condition, taken, other = (
                field_of(node, name) for name in ("condition", "consequence", "alternative")
            )
            if condition is not None and taken is not None and other is not None:
                return self._branch(
                    condition,
                    env,
                    lambda: self._outcome(strip_parentheses(taken), env),
                    lambda: self._outcome(strip_parentheses(other), env),
                )
        try:
            meaning = self.meaning(node, env)
            if isinstance(meaning, Number):
                return Decide(meaning.value != 0, self._file, self._line(node))
            condition_ = self.condition_of(meaning, node)
        except NotInSubsetError as error:
            return self._unknown(str(error), error.node or node)
        line = self._line(node)
        return Branch(
            condition_,
            self._file,
            line,
            Decide(True, self._file, line),
            Decide(False, self._file, line),
        )

    def _if(self, node: Syntax, after: list[Syntax], env: dict[str, Meaning]) -> Node:
        condition = field_of(node, "condition")
        taken, other = field_of(node, "consequence"), field_of(node, "alternative")
        if condition is None:
            return self._unknown("if without a condition", node)
        return self._branch(
            condition,
            env,
            lambda: self.statements(([taken] if taken else []) + after, dict(env)),
            lambda: self.statements(([other] if other else []) + after, dict(env)),
        )

    def _branch(
        self,
        condition: Syntax,
        env: Mapping[str, Meaning],
        then: Callable[[], Node],
        otherwise: Callable[[], Node],
    ) -> Node:
        """Branch on a condition; where only a part of `&&` or `||` is known, on that part first."""
        node = strip_parentheses(condition)
        try:
            known = self.condition(node, env)
        except NotInSubsetError as error:
            if node.type == "binary_expression" and node.children[1].type in ("&&", "||"):
                left, right = field_of(node, "left"), field_of(node, "right")
                if left is not None and right is not None:
                    second = lambda: self._branch(right, env, then, otherwise)  # noqa: E731
                    if node.children[1].type == "&&":
                        return self._branch(left, env, second, otherwise)
                    return self._branch(left, env, then, second)
            return self._unknown(str(error), error.node or node)
        if isinstance(known, Always):
            return then() if known.value else otherwise()
        return Branch(known, self._file, self._line(node), then(), otherwise())

    def _assign(self, node: Syntax, after: list[Syntax], env: dict[str, Meaning]) -> Node:
        for child in node.named_children:
            target, value = self._assigned(child)
            if not target:
                continue
            if value is None:
                env.pop(target, None)
                continue
            try:
                env[target] = self.meaning(value, env)
            except NotInSubsetError as error:
                return self._unknown(str(error), error.node or value)
        return self.statements(after, env)

    def _assigned(self, node: Syntax) -> tuple[str, Syntax | None]:
        if node.type == "init_declarator":
            declarator = field_of(node, "declarator")
            names = (
                [text_of(n) for n in walk(declarator) if n.type == "identifier"]
                if declarator
                else []
            )
            return (names[0] if names else ""), field_of(node, "value")
        if node.type == "assignment_expression" and node.children[1].type == "=":
            left = field_of(node, "left")
            if left is not None and left.type == "identifier":
                return text_of(left), field_of(node, "right")
        return "", None

    # Conditions

    def condition(self, node: Syntax, env: Mapping[str, Meaning]) -> Condition:
        """Compile an expression that is used as a truth value. Raises NotInSubsetError."""
        node = strip_parentheses(node)
        if node.type == "binary_expression" and node.children[1].type in ("&&", "||"):
            return self._logical(node, env)
        if node.type == "unary_expression" and node.children[0].type == "!":
            operand = field_of(node, "argument")
            if operand is not None:
                return negate(self.condition(operand, env))
        return self.condition_of(self.meaning(node, env), node)

    def condition_of(self, meaning: Meaning, node: Syntax) -> Condition:
        """Give the truth of a value."""
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

    def _logical(self, node: Syntax, env: Mapping[str, Meaning]) -> Condition:
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

    def meaning(self, node: Syntax, env: Mapping[str, Meaning]) -> Meaning:
        """Say what an expression is. Raises NotInSubsetError."""
        node = strip_parentheses(node)
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
                return self._pointer(node)
            case "cast_expression":
                return self.meaning(self._part(node, "value"), env)
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
                return self._number(self._code.evaluate(text_of(node), self._file), node)
        raise NotInSubsetError(node.type.replace("_", " "), node)

    def _part(self, node: Syntax, name: str) -> Syntax:
        part = field_of(node, name)
        if part is None:
            raise NotInSubsetError("incomplete expression", node)
        return part

    def _number(self, value: Value, node: Syntax) -> Number:
        if value is None:
            raise NotInSubsetError(f"value of {text_of(node)[:60]}", node)
        return Number(value)

    def _name(self, node: Syntax, env: Mapping[str, Meaning]) -> Meaning:
        name = text_of(node)
        if name in env:
            return env[name]
        value = self._code.value(name, self._file)
        return Global(name) if value is None else Number(value, name)

    def _field(self, node: Syntax, env: Mapping[str, Meaning]) -> Meaning:
        base = self.meaning(self._part(node, "argument"), env)
        name = text_of(self._part(node, "field"))
        what = _FIELDS.get((base.what, name)) if isinstance(base, Known) else None
        if what is None:
            raise NotInSubsetError(f"field {name}", node)
        return Known(what)

    def _pointer(self, node: Syntax) -> Meaning:
        target = strip_parentheses(self._part(node, "argument"))
        if node.children[0].type == "&" and target.type == "identifier":
            return Global(text_of(target))
        raise NotInSubsetError("pointer", node)

    def _unary(self, node: Syntax, env: Mapping[str, Meaning]) -> Meaning:
        operand = self._part(node, "argument")
        operator = node.children[0].type
        if operator == "!":
            return Holds(negate(self.condition(operand, env)))
        value = self.meaning(operand, env)
        if isinstance(value, Number) and operator in ("-", "~", "+"):
            return Number({"-": -value.value, "~": ~value.value, "+": value.value}[operator])
        raise NotInSubsetError(f"unary {operator}", node)

    def _ternary(self, node: Syntax, env: Mapping[str, Meaning]) -> Meaning:
        condition = self.condition(self._part(node, "condition"), env)
        taken = field_of(node, "consequence")
        other = self._part(node, "alternative")
        if isinstance(condition, Always):
            return self.meaning(taken if condition.value and taken is not None else other, env)
        first = condition if taken is None else self.condition(taken, env)
        second = self.condition(other, env)
        return Holds(either(condition, first, second))

    def _subscript(self, node: Syntax, env: Mapping[str, Meaning]) -> Meaning:
        base = self.meaning(self._part(node, "argument"), env)
        index = self.meaning(self._part(node, "index"), env)
        if isinstance(base, Global) and isinstance(index, Index):
            if self._tables.use_table(base.name, self._file, index.unit):
                return Row(base.name)
            raise NotInSubsetError(f"table {base.name}", node)
        if isinstance(base, Global) and isinstance(index, Number):
            return ListItem(base.name, index.value)
        raise NotInSubsetError(f"element of {text_of(node)[:40]}", node)

    def _binary(self, node: Syntax, env: Mapping[str, Meaning]) -> Meaning:
        operator = node.children[1].type
        if operator in ("&&", "||"):
            return Holds(self._logical(node, env))
        left = self.meaning(self._part(node, "left"), env)
        right = self.meaning(self._part(node, "right"), env)
        if operator in ("==", "!="):
            found = self._equal(left, right, node)
            return Holds(found if operator == "==" else negate(found))
        if isinstance(left, Number) and isinstance(right, Number):
            value = compute(operator, left.value, right.value)
            return self._number(value, node)
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
        raise NotInSubsetError(f"{operator} on {text_of(node)[:60]}", node)

    def _flag_names(self, parts: list[Syntax], mask: int) -> tuple[str, ...]:
        names = [text_of(n) for part in parts for n in walk(part) if n.type == "identifier"]
        values = {name: self._code.value(name, self._file) for name in names if name.isupper()}
        return tuple(name for name, value in values.items() if value and value & mask == value)

    def _equal(self, left: Meaning, right: Meaning, node: Syntax) -> Condition:
        if not isinstance(left, Known) and isinstance(right, Known):
            left, right = right, left
        match left, right:
            case Known("type"), Number(_, name) if name:
                return TypeIs(name)
            case Known("attach"), Number(_, name) if name:
                return AttachTypeIs(name)
            case Known("st_ops"), Global(name):
                return StructOpsIs(name)
            case Known("st_ops"), Number(0):
                return StructOpsIs(None)
            case Known("prog" | "aux"), Number(0):
                return Always(False)
            case Known("offset"), Number(value):
                return MemberAt(value)
            case Known("target"), ListItem(name, _):
                return self._in_set(name, node, lambda set_id: TargetIn(set_id))
            case Known("kfunc"), ListItem(name, index):
                entries = self._tables.list_entries(name, self._file)
                if 0 <= index < len(entries):
                    return KfuncIs(entries[index])
            case Number(first), Number(second):
                return Always(first == second)
            case Row(table, mask, names), Number(0) if mask is not None:
                return negate(TableHas(table, mask, names))
            case Holds(condition), Number(value) if value in (0, 1):
                return condition if value else negate(condition)
            case Holds(first_), Holds(second_):
                return either(first_, second_, negate(second_))
        raise NotInSubsetError(f"comparison {text_of(node)[:60]}", node)

    def _in_set(self, name: str, node: Syntax, make: Callable[[str], Condition]) -> Condition:
        set_id = self._tables.find_set(name, self._file)
        if set_id is None:
            raise NotInSubsetError(f"set {name}", node)
        return make(set_id)

    # Calls

    def _call(self, node: Syntax, env: Mapping[str, Meaning]) -> Meaning:
        name, arguments = called_name(node), arguments_of(node)
        if name in ("likely", "unlikely") and len(arguments) == 1:
            return self.meaning(arguments[0], env)
        if name in _SET_TESTS and len(arguments) == 2:
            return Holds(self._set_test(arguments, env, node))
        option = config_call(self._code.config, name, [text_of(a) for a in arguments])
        if option is not None:
            return Number(option)
        if self._depth >= _MAX_DEPTH:
            raise NotInSubsetError(f"call of {name} too deep", node)
        macro = self._code.macro(name, self._file)
        if macro is not None and macro.parameters is not None:
            return self._macro(substitute(macro, [text_of(a) for a in arguments]), env, node)
        return self._helper(name, arguments, env, node)

    def _set_test(
        self, arguments: list[Syntax], env: Mapping[str, Meaning], node: Syntax
    ) -> Condition:
        tested, member = (self.meaning(argument, env) for argument in arguments)
        if isinstance(tested, Global) and isinstance(member, Known):
            if member.what == "kfunc":
                return self._in_set(tested.name, node, lambda set_id: InSet(set_id))
            if member.what == "target":
                return self._in_set(tested.name, node, lambda set_id: TargetIn(set_id))
        raise NotInSubsetError(f"set test {text_of(node)[:60]}", node)

    def _macro(self, text: str, env: Mapping[str, Meaning], node: Syntax) -> Meaning:
        inner = _Compiler(self._code, self._function, self._tables, self._depth + 1)
        try:
            return inner.meaning(parse_expression(text), env)
        except NotInSubsetError as error:
            raise NotInSubsetError(str(error), node) from error

    def _helper(
        self, name: str, arguments: list[Syntax], env: Mapping[str, Meaning], node: Syntax
    ) -> Meaning:
        """Read a predicate: what it returns as one condition."""
        item = self._code.function(name, self._file)
        if item is None:
            raise NotInSubsetError(f"call of {name}", node)
        function = parse_function(item)
        given = [self.meaning(argument, env) for argument in arguments]
        inner = _Compiler(self._code, function, self._tables, self._depth + 1)
        tree = inner.statements(
            list(function.body.named_children), dict(zip(function.parameters, given, strict=False))
        )
        return Holds(_as_condition(tree, node))

    def _unknown(self, construct: str, node: Syntax) -> Unknown:
        return Unknown(construct, self._file, self._line(node))

    def _line(self, node: Syntax) -> int:
        """Give a node's line; nodes of an expanded macro have none of their own."""
        inside = self._function.body.start_byte <= node.start_byte < self._function.body.end_byte
        return self._function.line_of(node) if inside else self._function.line


def _as_condition(tree: Node, node: Syntax) -> Condition:
    """Turn a tree whose leaves say true (refuse) or false into one condition."""
    if isinstance(tree, Decide):
        return Always(tree.refuse)
    if isinstance(tree, Unknown):
        raise NotInSubsetError(tree.construct, node)
    return either(
        tree.condition, _as_condition(tree.then, node), _as_condition(tree.otherwise, node)
    )


def negate(condition: Condition) -> Condition:
    """Give the opposite."""
    if isinstance(condition, Always):
        return Always(not condition.value)
    return condition.condition if isinstance(condition, Not) else Not(condition)


def join(is_and: bool, conditions: tuple[Condition, ...]) -> Condition:
    """Give the conjunction or disjunction, without what is constant."""
    kind: type[All] | type[AnyOf] = All if is_and else AnyOf
    flat: list[Condition] = []
    for condition in conditions:
        if isinstance(condition, Always):
            if condition.value is not is_and:
                return condition
        elif isinstance(condition, kind):
            flat.extend(condition.conditions)
        else:
            flat.append(condition)
    if not flat:
        return Always(is_and)
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


def either(condition: Condition, then: Condition, otherwise: Condition) -> Condition:
    """Give `condition ? then : otherwise`."""
    if isinstance(condition, Always):
        return then if condition.value else otherwise
    if then == otherwise:
        return then
    first = join(True, (condition, then))
    return join(False, (first, join(True, (negate(condition), otherwise))))
