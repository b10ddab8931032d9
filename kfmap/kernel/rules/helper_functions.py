"""Compile a function that answers for helpers (`get_func_proto`) to the helper form.

It is read once for each helper that it names, and once for any other: then a `switch` on the helper
has one way only. Where a condition is not understood, both ways count if they lead to the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from tree_sitter import Node as Syntax

from kfmap.kernel.code import Code
from kfmap.kernel.helper_form import (
    Ask,
    Choice,
    HelperCase,
    HelperFunction,
    HelperNode,
    NoProto,
    Proto,
)
from kfmap.kernel.items import Item
from kfmap.kernel.rule_form import Always, Not, ProgramHas, Trait, Unknown
from kfmap.kernel.rules.filter_meanings import Known, Meaning, NotInSubsetError, Number
from kfmap.kernel.rules.function_doubts import find_branch_in_doubt
from kfmap.kernel.rules.helper_conditions import (
    HELPER,
    Answer,
    HelperId,
    HelperTables,
    ProgramConditions,
    proto_of,
)
from kfmap.kernel.rules.statement_compiler import StatementCompiler, Step
from kfmap.kernel.switches import Arm, read_arms
from kfmap.kernel.syntax import Function, field_of, parse_function, strip_parentheses, text_of
from kfmap.kernel.tree import TreeError
from kfmap.quick_dataclass import dataclass, field

_NAMED = re.compile(rf"\b{HELPER}(\w+)")
_LABEL = re.compile(rf"{HELPER}\w+")
_ANSWERS = re.compile(rf"\b(?:case|return|{HELPER}\w+)\b")
_MAX_NODES = 20_000  # of one function, over all helpers
_MAX_HELPERS = 1_000


@dataclass(slots=True)
class _Work:
    """What is kept over the readings of one function."""

    nodes: int = 0
    arms: dict[int, list[Arm]] = field(default_factory=dict)


def compile_helper_function(
    code: Code, item: Item, name: str, tables: HelperTables
) -> HelperFunction:
    """Return the answers of one function, under the id `name`.

    Raises TreeError where it names more helpers than any kernel has.
    """
    function = parse_function(item)
    doubt = _find_doubt(code, item)
    if doubt:
        construct, line = doubt
        unread = Unknown(construct, item.file, line)
        return HelperFunction(name, item.file, item.function_line, (), (), unread)
    helpers = sorted(set(_NAMED.findall(item.text[item.brace :])))
    if len(helpers) > _MAX_HELPERS:
        raise TreeError(f"{item.function}() names more than {_MAX_HELPERS:,} helpers")
    compiler = _Compiler(code, function, tables, _Work())
    plain, cases = [], []
    for helper in helpers:
        answer = compiler.answer(helper)
        if isinstance(answer, Proto) and answer.file == item.file:
            plain.append(f"{helper} {answer.proto} {answer.line}")
        else:
            cases.append(HelperCase(helper, answer))
    return HelperFunction(
        name,
        item.file,
        item.function_line,
        tuple(plain),
        tuple(cases),
        compiler.answer(""),
    )


def _find_doubt(code: Code, item: Item) -> tuple[str, int] | None:
    """Return why the helpers that a function names are not all that it answers for, and a line."""
    doubt = find_branch_in_doubt(code, item)
    if doubt:
        return f"#if {doubt.expression[:60]}", doubt.start
    source = code.source(item.file)
    for name, defines in source.defined.items() if source else ():
        if name in item.text and any(_ANSWERS.search(define.text) for define in defines):
            used = re.compile(rf"\b{name}\b").search(item.text, item.brace)
            if used:
                return f"macro {name}", item.line_at(used.start())
    return None


class _Compiler(StatementCompiler[HelperNode]):
    """Compiles one function, helper by helper."""

    def __init__(self, code: Code, function: Function, tables: HelperTables, work: _Work) -> None:
        self.function = function
        self.types = {}
        self._conditions = ProgramConditions(code, function, tables)
        self._work = work

    def answer(self, helper: str) -> HelperNode:
        """Return the answer for a helper, "" for those that the function does not name."""
        env: dict[str, Meaning] = {}
        for name in self.function.parameters:
            env[name] = Known("prog") if name == "prog" else HelperId("the helper", helper)
        try:
            return self.statements(list(self.function.body.named_children), env)
        except RecursionError:  # as deep as its author made it
            return self.unknown("function too large", self.function.body)

    def is_spent(self) -> bool:
        """Count a step of the readings for all helpers."""
        self._work.nodes += 1
        return self._work.nodes > _MAX_NODES

    def outcome(self, node: Syntax, env: Mapping[str, Meaning]) -> HelperNode:
        """Return the answer that an expression is."""
        chosen = self.ternary(node, env)
        if chosen is not None:
            return chosen
        try:
            meaning = self._conditions.meaning(node, env)
        except NotInSubsetError as error:
            return self.unknown(str(error), error.node or node)
        line = self._conditions.line(node)
        if isinstance(meaning, Answer):
            return meaning.node
        proto = proto_of(meaning)
        if proto is not None and node.type == "pointer_expression":
            return Proto(proto, self.function.file, line)
        if meaning == Number(0):
            return NoProto(self.function.file, line)
        return self.unknown(f"answer {text_of(node)[:60]}", node)

    def local(self, value: Syntax | None, env: Mapping[str, Meaning], type_: str = "") -> Meaning:
        """Return what a local is set to: an answer, or what conditions are made of."""
        node = None if value is None else strip_parentheses(value)
        if node is not None and node.type in ("conditional_expression", "pointer_expression"):
            answer = self.outcome(node, env)
            if not isinstance(answer, Unknown):
                return Answer("prototype", answer)
        if node is not None and node.type == "null":
            return Answer("prototype", NoProto(self.function.file, self._conditions.line(node)))
        return self._conditions.local(value, env, type_)

    def branch(
        self,
        condition: Syntax,
        env: Mapping[str, Meaning],
        then: Callable[[], HelperNode],
        otherwise: Callable[[], HelperNode],
    ) -> HelperNode:
        """Choose; where a condition is not understood, both ways count if they lead to the same."""
        node = strip_parentheses(condition)
        try:
            known = self._conditions.condition(node, env)
        except NotInSubsetError as error:
            first, second = then(), otherwise()
            if first == second:
                return first
            if not (isinstance(first, Proto) and isinstance(second, Proto)):
                return self.unknown(str(error), error.node or node)
            known = ProgramHas(Trait.UNREAD, str(error))  # the helper is there either way
        if isinstance(known, Always):
            return then() if known.value else otherwise()
        first, second = then(), otherwise()
        if first == second:
            return first
        if isinstance(known, Not):
            known, first, second = known.condition, second, first
        return Choice(known, self.function.file, self._conditions.line(node), first, second)

    def switch(self, node: Syntax, after: Sequence[Step], env: dict[str, Meaning]) -> HelperNode:
        condition = field_of(node, "condition")
        if condition is None:
            return self.unknown("switch without a value", node)
        if node.id not in self._work.arms:
            self._work.arms[node.id] = read_arms(node)
        arms = self._work.arms[node.id]
        subject = env.get(text_of(strip_parentheses(condition)))
        if isinstance(subject, HelperId):
            labels = [label for arm in arms for label in arm.labels if label is not None]
            other = next((n for n in labels if not _LABEL.fullmatch(text_of(n))), None)
            if other is not None or node.has_error:
                return self.unknown("label of a helper", other or node)
            return self._arm(_find_arm(arms, HELPER + subject.helper), after, env)
        return self._switch_on(condition, arms, after, env)

    def _switch_on(
        self, condition: Syntax, arms: list[Arm], after: Sequence[Step], env: dict[str, Meaning]
    ) -> HelperNode:
        """Turn a switch on a field of the program into choices, the default last."""
        default = next((arm for arm in arms if None in arm.labels), None)
        answer = self._arm(default, after, env)
        for arm in reversed([arm for arm in arms if arm is not default]):
            try:
                known = self._conditions.is_one_of(
                    condition, [label for label in arm.labels if label is not None], env
                )
            except NotInSubsetError as error:
                return self.unknown(str(error), condition)
            taken = self._arm(arm, after, env)
            line = self._conditions.line(condition)
            if taken != answer:
                answer = Choice(known, self.function.file, line, taken, answer)
        return answer

    def _arm(self, arm: Arm | None, after: Sequence[Step], env: dict[str, Meaning]) -> HelperNode:
        if arm is None:
            return self.statements(after, dict(env))
        if not arm.is_plain:
            return self.unknown("break in a branch", arm.statements[0])
        return self.statements([*arm.statements, *after], dict(env))

    def unknown(self, construct: str, node: Syntax) -> Unknown:
        """Return the answer for what is not understood."""
        return Unknown(construct, self.function.file, self._conditions.line(node))


def _find_arm(arms: list[Arm], label: str) -> Arm | None:
    for arm in arms:
        if any(node is not None and text_of(node) == label for node in arm.labels):
            return arm
    return next((arm for arm in arms if None in arm.labels), None)


__all__ = ["Ask", "compile_helper_function"]
