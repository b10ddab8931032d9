"""Compile a function that answers for helpers (`get_func_proto`) to the helper form.

It is read once for each helper that it names, and once for any other: then a `switch` on the helper
has one way only. Where a condition is not understood, both ways count if they lead to the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

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
from kfmap.kernel.rule_form import Always, Not, ProgramHas, Unknown
from kfmap.kernel.rules.filter_meanings import Known, Meaning, NotInSubsetError, Number
from kfmap.kernel.rules.filters import assigned_in
from kfmap.kernel.rules.helper_conditions import (
    HELPER,
    Answer,
    HelperId,
    HelperTables,
    ProgramConditions,
    proto_of,
)
from kfmap.kernel.switches import Arm, read_arms
from kfmap.kernel.syntax import Function, field_of, parse_function, strip_parentheses, text_of
from kfmap.kernel.tree import TreeError

_NAMED = re.compile(rf"\b{HELPER}(\w+)")
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
    """Return the answers of one function, under the id `name`."""
    function = parse_function(item)
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


class _Compiler:
    """Compiles one function, helper by helper."""

    def __init__(self, code: Code, function: Function, tables: HelperTables, work: _Work) -> None:
        self._function = function
        self._conditions = ProgramConditions(code, function, tables)
        self._work = work

    def answer(self, helper: str) -> HelperNode:
        """Return the answer for a helper, "" for those that the function does not name."""
        env: dict[str, Meaning] = {}
        for name in self._function.parameters:
            env[name] = Known("prog") if name == "prog" else HelperId("the helper", helper)
        try:
            return self._statements(list(self._function.body.named_children), env)
        except RecursionError:  # as deep as its author made it
            return self._unknown("function too large", self._function.body)

    def _statements(self, rest: list[Syntax], env: dict[str, Meaning]) -> HelperNode:
        self._work.nodes += 1
        if self._work.nodes > _MAX_NODES:
            return self._unknown("function too large", self._function.body)
        if not rest:
            return self._unknown("end without return", self._function.body)
        first, after = rest[0], rest[1:]
        match first.type:
            case "comment":
                return self._statements(after, env)
            case "compound_statement" | "else_clause":
                return self._statements([*first.named_children, *after], env)
            case "return_statement":
                return self._return(first, env)
            case "if_statement":
                return self._if(first, after, env)
            case "switch_statement":
                return self._switch(first, after, env)
            case "declaration" | "expression_statement":
                for child in first.named_children:
                    for target, value in assigned_in(child):
                        env[target] = self._value(value, env)
                return self._statements(after, env)
        return self._unknown(first.type.replace("_", " "), first)

    def _return(self, node: Syntax, env: Mapping[str, Meaning]) -> HelperNode:
        if not node.named_children:
            return self._unknown("return without a value", node)
        return self._outcome(node.named_children[0], env)

    def _outcome(self, value: Syntax, env: Mapping[str, Meaning]) -> HelperNode:
        """Return the answer that an expression is."""
        node = strip_parentheses(value)
        if node.type == "conditional_expression":
            parts = [field_of(node, n) for n in ("condition", "consequence", "alternative")]
            condition, taken, other = parts
            if condition is not None and taken is not None and other is not None:
                then, otherwise = partial(self._outcome, taken), partial(self._outcome, other)
                return self._choose(condition, env, lambda: then(env), lambda: otherwise(env))
        try:
            meaning = self._conditions.meaning(node, env)
        except NotInSubsetError as error:
            return self._unknown(str(error), error.node or node)
        line = self._conditions.line(node)
        if isinstance(meaning, Answer):
            return meaning.node
        proto = proto_of(meaning)
        if proto is not None and node.type == "pointer_expression":
            return Proto(proto, self._function.file, line)
        if meaning == Number(0):
            return NoProto(self._function.file, line)
        return self._unknown(f"answer {text_of(node)[:60]}", node)

    def _value(self, value: Syntax | None, env: Mapping[str, Meaning]) -> Meaning:
        """Return what a local is set to: an answer, or what conditions are made of."""
        node = None if value is None else strip_parentheses(value)
        if node is not None and node.type in ("conditional_expression", "pointer_expression"):
            answer = self._outcome(node, env)
            if not isinstance(answer, Unknown):
                return Answer("prototype", answer)
        if node is not None and node.type == "null":
            return Answer("prototype", NoProto(self._function.file, self._conditions.line(node)))
        return self._conditions.local(value, env)

    def _if(self, node: Syntax, after: list[Syntax], env: dict[str, Meaning]) -> HelperNode:
        condition = field_of(node, "condition")
        taken, other = field_of(node, "consequence"), field_of(node, "alternative")
        if condition is None:
            return self._unknown("if without a condition", node)
        return self._choose(
            condition,
            env,
            lambda: self._statements(([taken] if taken else []) + after, dict(env)),
            lambda: self._statements(([other] if other else []) + after, dict(env)),
        )

    def _choose(
        self,
        condition: Syntax,
        env: Mapping[str, Meaning],
        then: Callable[[], HelperNode],
        otherwise: Callable[[], HelperNode],
    ) -> HelperNode:
        node = strip_parentheses(condition)
        try:
            known = self._conditions.condition(node, env)
        except NotInSubsetError as error:
            first, second = then(), otherwise()
            if first == second:
                return first
            if not (isinstance(first, Proto) and isinstance(second, Proto)):
                return self._unknown(str(error), error.node or node)
            known = ProgramHas("unread", str(error))  # the helper is there either way
        if isinstance(known, Always):
            return then() if known.value else otherwise()
        first, second = then(), otherwise()
        if first == second:
            return first
        if isinstance(known, Not):
            known, first, second = known.condition, second, first
        return Choice(known, self._function.file, self._conditions.line(node), first, second)

    def _switch(self, node: Syntax, after: list[Syntax], env: dict[str, Meaning]) -> HelperNode:
        condition = field_of(node, "condition")
        if condition is None:
            return self._unknown("switch without a value", node)
        if node.id not in self._work.arms:
            self._work.arms[node.id] = read_arms(node)
        arms = self._work.arms[node.id]
        subject = env.get(text_of(strip_parentheses(condition)))
        if isinstance(subject, HelperId):
            return self._arm(_find_arm(arms, HELPER + subject.helper), after, env)
        return self._switch_on(condition, arms, after, env)

    def _switch_on(
        self, condition: Syntax, arms: list[Arm], after: list[Syntax], env: dict[str, Meaning]
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
                return self._unknown(str(error), condition)
            taken = self._arm(arm, after, env)
            line = self._conditions.line(condition)
            if taken != answer:
                answer = Choice(known, self._function.file, line, taken, answer)
        return answer

    def _arm(self, arm: Arm | None, after: list[Syntax], env: dict[str, Meaning]) -> HelperNode:
        if arm is None:
            return self._statements(after, dict(env))
        if not arm.is_plain:
            return self._unknown("break in a branch", arm.statements[0])
        return self._statements([*arm.statements, *after], dict(env))

    def _unknown(self, construct: str, node: Syntax) -> Unknown:
        return Unknown(construct, self._function.file, self._conditions.line(node))


def _find_arm(arms: list[Arm], label: str) -> Arm | None:
    for arm in arms:
        if any(node is not None and text_of(node) == label for node in arm.labels):
            return arm
    return next((arm for arm in arms if None in arm.labels), None)


__all__ = ["Ask", "compile_helper_function"]
