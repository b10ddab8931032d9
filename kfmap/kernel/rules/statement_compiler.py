"""Compile the statements of a function without loops into a tree of what it returns.

Filters, and functions that answer for helpers, are made of the same statements: if, switch, return
and locals. What a condition, an answer or a local means is for subclasses to say.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from tree_sitter import Node as Syntax

from kfmap.kernel.rules.filter_meanings import Meaning
from kfmap.kernel.syntax import Function, declared_names, field_of, strip_parentheses, text_of, walk
from kfmap.quick_dataclass import dataclass

Tree = TypeVar("Tree")
Locals = dict[str, Meaning]


@dataclass(frozen=True, slots=True)
class BlockEnd:
    """The end of a block: what locals of it have hidden, None for what was not there before."""

    before: dict[str, Meaning | None]


Step = Syntax | BlockEnd


class StatementCompiler(ABC, Generic[Tree]):
    """Compiles one function; `too_large` is said of one with more branches than any real one."""

    function: Function
    types: dict[str, str]  # of the locals that are neither pointers nor arrays
    too_large = "function too large"

    def statements(self, rest: Sequence[Step], env: Locals) -> Tree:
        """Compile statements up to the end of the function."""
        if self.is_spent():
            return self.unknown(self.too_large, self.function.body)
        if not rest:
            return self.unknown("end without return", self.function.body)
        first, after = rest[0], rest[1:]
        if isinstance(first, BlockEnd):
            shown: dict[str, Meaning | None] = {**env, **first.before}
            return self.statements(after, {k: v for k, v in shown.items() if v is not None})
        match first.type:
            case "comment":
                return self.statements(after, env)
            case "compound_statement" | "else_clause":
                inside = first.named_children
                own = [name for node in inside for name in declared_names(node)]
                end = [BlockEnd({name: env.get(name) for name in own})] if own else []
                return self.statements([*inside, *end, *after], env)
            case "do_statement" if _is_once(first):
                return self.statements([*first.named_children[:1], *after], env)
            case "return_statement":
                return self._return(first, env)
            case "if_statement":
                return self._if(first, after, env)
            case "switch_statement":
                return self.switch(first, after, env)
            case "declaration":
                self._declare(first, env)
                return self.statements(after, env)
            case "expression_statement" if _is_assembler(first):
                return self.unknown("assembler", first)
            case "expression_statement":
                for child in first.named_children:
                    if found := self.expanded(child, env):
                        return self.statements([*found, *after], env)
                    self._assign(child, env)
                return self.statements(after, env)
        return self.unknown(first.type.replace("_", " "), first)

    def expanded(self, node: Syntax, env: Mapping[str, Meaning]) -> list[Syntax]:
        """Return the statements that a macro stands for, none for what is to be taken as it is."""
        return []

    def _declare(self, node: Syntax, env: Locals) -> None:
        """Set the locals of a declaration; what a static one was set to before is not known."""
        words = {text_of(child) for child in node.children}
        is_kept = "static" in words and "const" not in words
        type_ = field_of(node, "type")
        for name in declared_names(node):
            env[name] = self.local(None, env)
        for declarator in node.children_by_field_name("declarator"):
            if declarator.type == "identifier" and type_ is not None:
                self.types[text_of(declarator)] = text_of(type_)
        for child in node.named_children:
            if child.type == "init_declarator":
                name, value = _initialised(child)
                is_plain = not is_kept and not any(_assigned_in(value) if value else ())
                is_value = text_of(child).startswith(name)  # neither pointer nor array
                kind = text_of(type_) if type_ is not None and is_value else ""
                self.types[name] = kind
                env[name] = self.local(value if is_plain else None, env, kind)
            self._assign(child, env)

    def _assign(self, node: Syntax, env: Locals) -> None:
        for target, value in _assigned_in(node):
            env[target] = self.local(value, env, self.types.get(target, ""))
        for target in _addressed_in(node):
            if target in env:
                env[target] = self.local(None, env)

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
    def switch(self, node: Syntax, after: Sequence[Step], env: Locals) -> Tree:
        """Return what a `switch` means, with what comes after it."""

    @abstractmethod
    def local(self, value: Syntax | None, env: Mapping[str, Meaning], type_: str = "") -> Meaning:
        """Return what a local is set to; None stands for `+=`, `++` and the like.

        `type_` is that of its declaration.
        """

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

    def _if(self, node: Syntax, after: Sequence[Step], env: Locals) -> Tree:
        condition = field_of(node, "condition")
        taken, other = field_of(node, "consequence"), field_of(node, "alternative")
        if condition is None:
            return self.unknown("if without a condition", node)
        return self.branch(
            condition,
            env,
            lambda: self.statements([*([taken] if taken else ()), *after], dict(env)),
            lambda: self.statements([*([other] if other else ()), *after], dict(env)),
        )


def _initialised(node: Syntax) -> tuple[str, Syntax | None]:
    """Return the name that a declarator sets, and its value."""
    declarator = field_of(node, "declarator")
    names = [text_of(n) for n in walk(declarator) if n.type == "identifier"] if declarator else [""]
    return names[0], field_of(node, "value")


def _is_assembler(node: Syntax) -> bool:
    """Return whether a statement is one that may jump to a label or set a local."""
    return any(child.type == "gnu_asm_expression" for child in node.named_children)


def _assigned_in(node: Syntax) -> Iterator[tuple[str, Syntax | None]]:
    """Return the locals that a statement sets; their value is None for `+=`, `++` and the like."""
    for part in walk(node):
        if part.type == "assignment_expression":
            is_plain = part.children[1].type == "=" and part == node
            left = field_of(part, "left")
            if left is not None:
                yield (
                    text_of(strip_parentheses(left)),
                    field_of(part, "right") if is_plain else None,
                )
        elif part.type == "update_expression":
            argument = field_of(part, "argument")
            if argument is not None:
                yield text_of(strip_parentheses(argument)), None


def _addressed_in(node: Syntax) -> Iterator[str]:
    """Return the names whose address is taken: what is there may change unseen."""
    for part in walk(node):
        if part.type == "pointer_expression" and part.children[0].type == "&":
            argument = field_of(part, "argument")
            if argument is not None:
                yield text_of(strip_parentheses(argument))


def _is_once(node: Syntax) -> bool:
    """Return whether a loop is `do { … } while (0)` without a break in it."""
    condition = field_of(node, "condition")
    breaks = any(part.type in ("break_statement", "continue_statement") for part in walk(node))
    return condition is not None and text_of(strip_parentheses(condition)) == "0" and not breaks
