"""Runs functions in which a test may go both ways, and keeps what is then in doubt.

An unknown test may go both ways. Tests of what calls returned are about errors: nothing is in doubt
where the calls succeed, which counts as what happens. Behind another unknown test everything is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from tree_sitter import Node

from kfmap.kernel.expressions import Evaluator, Value
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
        self._pointers: set[str] = set()
        self._leading: dict[str, Place | None] = {}  # what is in doubt where a label is gone to

    def begin_at(self, label: str) -> None:
        """Take over what is in doubt where a label is gone to."""
        self._doubt = self._leading.get(label, self._doubt)

    def _statement(self, node: Node) -> set[str]:
        ways = super()._statement(node)
        if node.type == "goto_statement":
            for label in ways:
                self._leading[label] = self._leading.get(label, self._doubt) and self._doubt
        return ways

    def _if(self, node: Node) -> set[str]:
        condition, branches = self._choose(node)
        if len(branches) == 1:
            return {FALLS} if branches[0] is None else self._statement(branches[0])
        is_of_success = condition is not None and self._is_about_success(condition)
        in_doubt = condition is not None and not is_of_success
        expected = self._expect(condition) if condition is not None and is_of_success else None
        place = Place(self.function.file, self.function.line_of(node))
        before, doubt = dict(self.variables), self._doubt
        ends: set[str] = set()
        outcomes = []
        leaves_well = False
        for is_taken, branch in zip((True, False), branches, strict=True):
            self.variables = dict(before)
            is_expected = is_of_success and is_taken is expected
            self._doubt = doubt or (None if is_expected else place)
            ways = {FALLS} if branch is None else self._statement(branch)
            ends |= ways
            if FALLS in ways:
                outcomes.append(self.variables)
            elif is_expected:
                in_doubt = leaves_well = True  # what follows is what happens after an error
            elif branch is not None and ways == {LEAVES} and _returns_nothing_or_0(branch):
                leaves_well = True
            elif ways & {BREAKS, CONTINUES}:
                leaves_well = True  # what follows in the round is perhaps not reached
        self.variables = self.agreed(outcomes)
        self._doubt = doubt or (place if in_doubt and leaves_well else None)
        return ends

    def _expect(self, condition: Node) -> bool | None:
        """Return what a test of success comes to where all calls succeed, None if not known."""
        own = self._locals - self._parameters
        value = _OfSuccess(self.constant, own, self._pointers).value(condition)
        return None if value is None else bool(value)

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


class _OfSuccess(Evaluator):
    """What a test comes to where what calls returned is 0, or the address of something."""

    def __init__(
        self, constant: Callable[[str], Value], own: Collection[str], pointers: Collection[str]
    ) -> None:
        self._constant = constant
        self._own = own
        self._pointers = pointers

    def name_value(self, name: str) -> Value:
        """Return what a local is, or the value of a constant."""
        if name in self._own:
            return int(name in self._pointers)
        return self._constant(name)

    def call_value(self, name: str, node: Node, values: list[Value]) -> Value:
        """Return 0, but what it is given for a macro that only warns."""
        return values[0] if name.startswith("WARN_ON") and values else 0

    def other_value(self, node: Node) -> Value:
        """Return what an assignment sets."""
        source = field_of(node, "right") if node.type == "assignment_expression" else None
        return None if source is None else self.value(source)
