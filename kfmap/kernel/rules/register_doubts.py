"""Runs functions in which a test may go both ways, and keeps what is then in doubt.

An unknown test may go both ways. Tests of what calls returned are about errors, and nothing is in
doubt behind them; what stands behind another unknown test is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tree_sitter import Node

from kfmap.kernel.expressions import Value
from kfmap.kernel.facts import Place
from kfmap.kernel.statements import BREAKS, CONTINUES, FALLS, LEAVES, Runner
from kfmap.kernel.syntax import Function, called_name, field_of, text_of, walk

_OF_ERRORS = re.compile(r"\b(?:IS_ERR\w*|PTR_ERR\w*|WARN_ON\w*|ERR_PTR|unlikely|likely)\b")
_CONSTANT = re.compile(r"[A-Z_][A-Z0-9_]*\Z")


class RunnerInDoubt(Runner):
    """One call of a function; `_doubt` is the test that decides whether this is run, if any."""

    def __init__(
        self, function: Function, variables: Mapping[str, Value], doubt: Place | None = None
    ) -> None:
        super().__init__(function, variables)
        self._parameters = set(function.parameters)
        self._locals = set(function.parameters)
        self._doubt = doubt

    def _if(self, node: Node) -> set[str]:
        condition, branches = self._choose(node)
        if len(branches) == 1:
            return {FALLS} if branches[0] is None else self._statement(branches[0])
        in_doubt = condition is not None and not self._is_about_success(condition)
        place = Place(self.function.file, self.function.line_of(node))
        before, doubt = dict(self.variables), self._doubt
        ends: set[str] = set()
        outcomes = []
        leaves_well = False
        for branch in branches:
            self.variables = dict(before)
            self._doubt = doubt or (place if in_doubt else None)
            ways = {FALLS} if branch is None else self._statement(branch)
            ends |= ways
            if FALLS in ways:
                outcomes.append(self.variables)
            elif branch is not None and ways == {LEAVES} and _returns_nothing_or_0(branch):
                leaves_well = True
            elif ways & {BREAKS, CONTINUES}:
                leaves_well = True  # what follows in the round is perhaps not reached
        self.variables = self.agreed(outcomes)
        self._doubt = doubt or (place if in_doubt and leaves_well else None)
        return ends

    def _is_about_success(self, condition: Node) -> bool:
        """Return whether a test asks what calls before it returned, as tests of errors do."""
        names = {
            text_of(node)
            for node in walk(condition)
            if node.type == "identifier" and not _OF_ERRORS.match(text_of(node))
        }
        variables = {name for name in names if not _CONSTANT.match(name)}
        called = {called_name(node) for node in walk(condition) if node.type == "call_expression"}
        own = self._locals - self._parameters
        asked = variables - called
        is_open = all(self.variables.get(name) is None for name in asked)
        return bool(asked) and asked <= own and is_open

    def _logical(self, first: Value, right: Node, *, decisive: bool) -> Value:
        if first is None and not decisive:
            with_doubt = self._doubt
            self._doubt = self._doubt or Place(self.function.file, self.function.line_of(right))
            value = super()._logical(first, right, decisive=decisive)
            self._doubt = with_doubt
            return value
        return super()._logical(first, right, decisive=decisive)

    def _conditional(self, node: Node) -> Value:
        condition, taken = field_of(node, "condition"), field_of(node, "consequence")
        doubt = self._doubt
        if taken is not None and condition is not None and self.value(condition) is None:
            self._doubt = doubt or Place(self.function.file, self.function.line_of(node))
        value = super()._conditional(node)
        self._doubt = doubt
        return value

    def _maybe(self, node: Node) -> set[str]:
        doubt = self._doubt
        self._doubt = doubt or Place(self.function.file, self.function.line_of(node))
        ends = super()._maybe(node)
        self._doubt = doubt
        return ends


def _returns_nothing_or_0(branch: Node) -> bool:
    returns = [node for node in walk(branch) if node.type == "return_statement"]
    texts = [text_of(child) for node in returns for child in node.named_children]
    return all(text == "0" for text in texts)
