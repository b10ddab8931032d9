"""Compile a kfunc filter (`btf_kfunc_filter_t`) from C to the rule form.

The subset is what filters are made of: if, return, locals, the two set tests, fields of the
program, tables indexed by member offset, helper predicates. What else there is becomes `Unknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from tree_sitter import Node as Syntax

from kfmap.kernel.code import Code
from kfmap.kernel.items import Item
from kfmap.kernel.rule_form import Always, Branch, Condition, Decide, Node, Unknown
from kfmap.kernel.rules.conditions import either, is_too_large, join
from kfmap.kernel.rules.filter_meanings import (
    Known,
    Meaning,
    NotInSubsetError,
    Number,
    Opaque,
    Tables,
)
from kfmap.kernel.rules.filter_values import ValueReader
from kfmap.kernel.rules.function_doubts import find_doubt
from kfmap.kernel.rules.statement_compiler import StatementCompiler, Step
from kfmap.kernel.rules.statement_macros import expand_statement
from kfmap.kernel.switches import find_block_locals, read_arms
from kfmap.kernel.syntax import (
    Function,
    field_of,
    parse_function,
    strip_parentheses,
)

_MAX_NODES = 5_000


def compile_filter(code: Code, item: Item, tables: Tables) -> Node:
    """Return the rule form of a filter function."""
    doubt = find_doubt(code, item)
    if doubt:
        return Unknown(doubt[0], item.file, doubt[1])
    function = parse_function(item)
    if len(function.parameters) != 2:
        return Unknown("filter with other parameters", item.file, function.line)
    env: dict[str, Meaning] = {
        function.parameters[0]: Known("prog"),
        function.parameters[1]: Known("kfunc"),
    }
    compiler = FilterCompiler(code, function, tables)
    try:
        rule = compiler.statements(list(function.body.named_children), env)
    except RecursionError:  # as deep as its author made it
        return Unknown("filter too large", item.file, function.line)
    return Unknown("filter too large", item.file, function.line) if is_too_large(rule) else rule


class FilterCompiler(ValueReader, StatementCompiler[Node]):
    """Compiles one function; a helper gets a compiler of its own, with the same count."""

    too_large = "filter too large"

    def __init__(self, code: Code, function: Function, tables: Tables, depth: int = 0) -> None:
        super().__init__(code, function, tables, depth)
        self.types = {}
        self._nodes: list[None] = []  # shared by compilers of one filter: their count is bounded

    def returned(self, function: Function, given: dict[str, Meaning], node: Syntax) -> Condition:
        """Compile the statements of a predicate."""
        inner = type(self)(self.code, function, self.tables, self.depth + 1)
        inner._nodes = self._nodes
        return as_condition(inner.statements(list(function.body.named_children), given), node)

    def is_spent(self) -> bool:
        """Count a step of all compilers of the filter."""
        self._nodes.append(None)
        return len(self._nodes) > _MAX_NODES

    def outcome(self, node: Syntax, env: Mapping[str, Meaning]) -> Node:
        """Return whether the filter refuses: any value but 0."""
        chosen = self.ternary(node, env)
        if chosen is not None:
            return chosen
        try:
            meaning = self.meaning(node, env)
            if isinstance(meaning, Number):
                self.converted(meaning, "int", node)
                return Decide(meaning.value != 0, self.file, self.line(node))
            condition_ = self.condition_of(meaning, node)
        except NotInSubsetError as error:
            return self.unknown(str(error), error.node or node)
        line = self.line(node)
        return Branch(
            condition_,
            self.file,
            line,
            Decide(True, self.file, line),
            Decide(False, self.file, line),
        )

    def switch(self, node: Syntax, after: Sequence[Step], env: dict[str, Meaning]) -> Node:
        """Turn a switch on a field of the program into branches, the default last."""
        condition = field_of(node, "condition")
        arms = read_arms(node)
        hides = not env.keys().isdisjoint(find_block_locals(node))
        if condition is None or hides or not all(arm.is_plain for arm in arms):
            return self.unknown("switch statement", node)
        default = next((arm for arm in arms if None in arm.labels), None)
        rest = [*(default.statements if default else ()), *after]
        tree = self.statements(rest, dict(env))
        for arm in reversed([arm for arm in arms if arm is not default]):
            labels = [label for label in arm.labels if label is not None]
            try:
                known = self.is_one_of(condition, labels, env)
            except NotInSubsetError as error:
                return self.unknown(str(error), error.node or condition)
            taken = self.statements([*arm.statements, *after], dict(env))
            tree = Branch(known, self.file, self.line(condition), taken, tree)
        return tree

    def is_one_of(
        self, value: Syntax, labels: list[Syntax], env: Mapping[str, Meaning]
    ) -> Condition:
        """Return the condition under which a value is that of a label. Raises NotInSubsetError."""
        subject = self.meaning(value, env)
        equal = (
            self.comparisons.equal(subject, self.meaning(label, env), label) for label in labels
        )
        return join(False, tuple(equal))

    def branch(
        self,
        condition: Syntax,
        env: Mapping[str, Meaning],
        then: Callable[[], Node],
        otherwise: Callable[[], Node],
    ) -> Node:
        """Branch on a condition; where only a part of `&&` or `||` is known, on that part first."""
        node = strip_parentheses(condition)
        if self.is_spent():
            return self.unknown(self.too_large, node)
        try:
            known = self.condition(node, env)
        except NotInSubsetError as error:
            if node.type == "binary_expression" and node.children[1].type in ("&&", "||"):
                left, right = field_of(node, "left"), field_of(node, "right")
                if left is not None and right is not None:
                    second = partial(self.branch, right, env, then, otherwise)
                    if node.children[1].type == "&&":
                        return self.branch(left, env, second, otherwise)
                    return self.branch(left, env, then, second)
            return self.unknown(str(error), error.node or node)
        if isinstance(known, Always):
            return then() if known.value else otherwise()
        return Branch(known, self.file, self.line(node), then(), otherwise())

    def local(self, value: Syntax | None, env: Mapping[str, Meaning], type_: str = "") -> Meaning:
        """Return what a local is set to; what is not understood matters where it is used."""
        if value is None:
            return Opaque("local that is computed in place")
        try:
            return self.converted(self.meaning(value, env), type_, value)
        except NotInSubsetError as error:
            return Opaque(str(error))

    def expanded(self, node: Syntax, env: Mapping[str, Meaning]) -> list[Syntax]:
        """Return the statements of a macro that returns, or sets a local; none for any other."""
        return expand_statement(self.code, self.function, node, self.line(node), env)

    def unknown(self, construct: str, node: Syntax) -> Unknown:
        """Return the answer for what is not understood."""
        return Unknown(construct, self.file, self.line(node))


def as_condition(tree: Node, node: Syntax) -> Condition:
    """Turn a tree whose leaves say true (refuse) or false into one condition.

    Raises NotInSubsetError where a leaf was not understood.
    """
    if isinstance(tree, Decide):
        return Always(tree.refuse)
    if isinstance(tree, Unknown):
        raise NotInSubsetError(tree.construct, node)
    then, otherwise = (as_condition(part, node) for part in (tree.then, tree.otherwise))
    return either(tree.condition, then, otherwise)
