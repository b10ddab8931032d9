"""Compile the statements of a function without loops into a tree of what it returns.

Filters, and functions that answer for helpers, are made of the same statements: if, switch, return
and locals. What a condition, an answer or a local means is for subclasses to say.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

from tree_sitter import Node as Syntax

from kfmap.kernel.rules.filter_meanings import Meaning
from kfmap.kernel.syntax import Function, field_of, strip_parentheses, text_of, walk

Tree = TypeVar("Tree")
Locals = dict[str, Meaning]


class StatementCompiler(ABC, Generic[Tree]):
    """Compiles one function; `too_large` is said of one with more branches than any real one."""

    function: Function
    too_large = "function too large"

    def statements(self, rest: list[Syntax], env: Locals) -> Tree:
        """Compile statements up to the end of the function."""
        if self.is_spent():
            return self.unknown(self.too_large, self.function.body)
        if not rest:
            return self.unknown("end without return", self.function.body)
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
            case "switch_statement":
                return self.switch(first, after, env)
            case "declaration" | "expression_statement":
                for child in first.named_children:
                    for target, value in _assigned_in(child):
                        env[target] = self.local(value, env)
                return self.statements(after, env)
        return self.unknown(first.type.replace("_", " "), first)

    @abstractmethod
    def is_spent(self) -> bool:
        """Count a step, and return whether that was one too many."""

    @abstractmethod
    def outcome(self, node: Syntax, env: Mapping[str, Meaning]) -> Tree:
        """Return what a `return` of this expression means, without parentheses around it."""

    @abstractmethod
    def branch(
        self,
        condition: Syntax,
        env: Mapping[str, Meaning],
        then: Callable[[], Tree],
        otherwise: Callable[[], Tree],
    ) -> Tree:
        """Return what an `if` means."""

    @abstractmethod
    def switch(self, node: Syntax, after: list[Syntax], env: Locals) -> Tree:
        """Return what a `switch` means, with what comes after it."""

    @abstractmethod
    def local(self, value: Syntax | None, env: Mapping[str, Meaning]) -> Meaning:
        """Return what a local is set to; None stands for `+=`, `++` and the like."""

    @abstractmethod
    def unknown(self, construct: str, node: Syntax) -> Tree:
        """Return the answer for what is not understood."""

    def ternary(self, node: Syntax, env: Mapping[str, Meaning]) -> Tree | None:
        """Return what `a ? b : c` means, None for any other expression."""
        parts = [field_of(node, name) for name in ("condition", "consequence", "alternative")]
        condition, taken, other = parts
        if node.type != "conditional_expression" or condition is None:
            return None
        if taken is None or other is None:
            return None
        return self.branch(
            condition,
            env,
            lambda: self.outcome(strip_parentheses(taken), env),
            lambda: self.outcome(strip_parentheses(other), env),
        )

    def _return(self, node: Syntax, env: Mapping[str, Meaning]) -> Tree:
        if not node.named_children:
            return self.unknown("return without a value", node)
        return self.outcome(strip_parentheses(node.named_children[0]), env)

    def _if(self, node: Syntax, after: list[Syntax], env: Locals) -> Tree:
        condition = field_of(node, "condition")
        taken, other = field_of(node, "consequence"), field_of(node, "alternative")
        if condition is None:
            return self.unknown("if without a condition", node)
        return self.branch(
            condition,
            env,
            lambda: self.statements(([taken] if taken else []) + after, dict(env)),
            lambda: self.statements(([other] if other else []) + after, dict(env)),
        )


def _assigned_in(node: Syntax) -> Iterator[tuple[str, Syntax | None]]:
    """Return the locals that a statement sets; their value is None for `+=`, `++` and the like."""
    if node.type == "init_declarator":
        declarator = field_of(node, "declarator")
        names = (
            [text_of(n) for n in walk(declarator) if n.type == "identifier"] if declarator else []
        )
        if names:
            yield names[0], field_of(node, "value")
        return
    for part in walk(node):
        if part.type == "assignment_expression":
            is_plain = part.children[1].type == "=" and part == node
            left = field_of(part, "left")
            if left is not None:
                yield text_of(left), field_of(part, "right") if is_plain else None
        elif part.type == "update_expression":
            argument = field_of(part, "argument")
            if argument is not None:
                yield text_of(argument), None
