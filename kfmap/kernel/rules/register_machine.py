"""Runs functions that register kfuncs: loops, tables, pointers, and functions around the call.

An unknown call succeeds, and a registration returns 0; what unknown tests make of the rest is in
register_doubts.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tree_sitter import Node

from kfmap.kernel.code import Code
from kfmap.kernel.expressions import Value, compute
from kfmap.kernel.facts import Place
from kfmap.kernel.preprocessor import config_call
from kfmap.kernel.rules.function_doubts import find_doubt
from kfmap.kernel.rules.kfunc_memory import Memory
from kfmap.kernel.rules.register_memory import MemoryRunner
from kfmap.kernel.rules.register_world import (
    REGISTER,
    REGISTER_FMODRET,
    REGISTER_OPS,
    Met,
    Site,
    World,
)
from kfmap.kernel.rules.statement_macros import expand_statement
from kfmap.kernel.statements import BREAKS, CONTINUES, FALLS, LEAVES, TooLongError
from kfmap.kernel.syntax import (
    Function,
    arguments_of,
    called_name,
    field_of,
    parse_function,
    text_of,
    walk,
)

_MAX_LOOP = 2_000
_MAX_CALLS = 12  # of functions in functions
_COPIES = frozenset({"memcpy", "memmove", "__builtin_memcpy"})
_BITS = frozenset({"BIT", "BIT_ULL"})  # include/vdso/bits.h
_KNOWN = frozenset({"likely", "unlikely", "ARRAY_SIZE", *_COPIES, *_BITS})
_MAX_CONSTANT = 400  # characters of the body of a function that only returns a constant
_NEVER_RETURN = frozenset({"BUG", "panic", "unreachable", "do_exit", "__builtin_unreachable"})
_CHANGES = re.compile(rf"{REGISTER}|{REGISTER_FMODRET}|{REGISTER_OPS}|\+\+|--|(?<![=!<>])=(?!=)")


class RegisterMachine(MemoryRunner):
    """One call of a function that registers."""

    def __init__(
        self,
        world: World,
        function: Function,
        variables: Mapping[str, Value],
        depth: int = 0,
        doubt: Place | None = None,
    ) -> None:
        super().__init__(world, function, variables, doubt)
        self._call_depth = depth
        world.met.functions.add(function.name)

    # Calls

    def _call(self, node: Node) -> Value:
        """Leave out what a call is given where nothing in it registers or changes a variable."""
        name, text = called_name(node), text_of(node)
        if name == REGISTER_OPS:  # a macro: what follows the first argument names a type
            for argument in arguments_of(node)[:1]:
                self.value(argument)
            return self.call_value(name, node, [])
        matters = name in _KNOWN or _CHANGES.search(text) is not None
        if not matters and not any(entered in text for entered in self._world.entered):
            return self._known_answer(name, node)
        return super()._call(node)

    def call_value(self, name: str, node: Node, values: list[Value]) -> Value:
        """Note a registration, which succeeds; enter functions that may register."""
        if name in (REGISTER, REGISTER_FMODRET):
            self._note(name, node, values)
            return 0
        if name == REGISTER_OPS:
            if self._doubt is None:
                place = Place(self.function.file, self.function.line_of(node))
                self._world.met.types.add(place)
            return 0
        if name == "ARRAY_SIZE" and values:
            return self._world.memory.length(values[0])
        if name in _BITS and values and values[0] is not None:
            return compute("<<", 1, values[0])
        if name in _COPIES and len(values) > 1:
            self._world.memory.write(values[0], values[1])
            return values[0]
        function = self._world.enter(name) if self._call_depth < _MAX_CALLS else None
        if function is not None:
            given = dict(zip(function.parameters, values, strict=False))
            inside = RegisterMachine(
                self._world, function, given, self._call_depth + 1, self._doubt
            )
            inside.steps = self.steps
            value = inside.execute()
            self.steps = inside.steps
            return value
        return self._known_answer(name, node)

    def _known_answer(self, name: str, node: Node) -> Value:
        """Return what IS_ENABLED() and kin say, and functions that only return a constant."""
        code = self._world.code
        arguments = [text_of(argument) for argument in arguments_of(node)]
        option = config_call(code.config, name, arguments)
        item = code.function_beside(name, self.function.file) if option is None and name else None
        if item is None or len(item.text) - item.brace > _MAX_CONSTANT:
            return option
        body = [part for part in parse_function(item).body.named_children if part.type != "comment"]
        is_plain = len(body) == 1 and body[0].type == "return_statement"
        if not is_plain or not body[0].named_children or find_doubt(code, item):
            return None
        return code.evaluate(text_of(body[0].named_children[0]), item.file)

    def _note(self, name: str, node: Node, values: list[Value]) -> None:
        met, key = self._world.met, (self.function.file, self._offset(node))
        is_known = bool(values) and values[-1] is not None and (len(values) < 2 or values[0])
        if self.is_rerun and key in met.nodes and is_known:
            return  # the same once more; with other arguments it is a loop of goto
        met.nodes.add(key)
        arguments = arguments_of(node)
        is_plain = name == REGISTER and len(arguments) == 2
        texts = [text_of(argument) for argument in arguments] or [""]
        met.sites.append(
            Site(
                Place(self.function.file, self.function.line_of(node)),
                texts[0] if is_plain else "",
                values[0] if is_plain else None,
                texts[-1],
                values[-1] if values else None,
                self._doubt,
                any(
                    text_of(inner) in self._parameters
                    for argument in arguments
                    for inner in walk(argument)
                    if inner.type == "identifier"
                ),
            )
        )

    def _offset(self, node: Node) -> int:
        return self.function.first_row * 1_000_000 + node.start_byte

    # Loops

    def _statement(self, node: Node) -> set[str]:
        if node.type in ("for_statement", "while_statement", "do_statement"):
            self.count_step()
            return self._loop(node)
        if node.type == "expression_statement" and len(node.named_children) == 1:
            (child,) = node.named_children
            if child.type == "call_expression" and self._never_returns(called_name(child)):
                return {LEAVES}
        return super()._statement(node)

    def expanded(self, node: Node) -> list[Node]:
        """Return the statements of a macro that leads out of where it stands."""
        return expand_statement(
            self._world.code, self.function, node, self.function.line_of(node), ()
        )

    def _never_returns(self, name: str) -> bool:
        if name in _NEVER_RETURN:
            return True
        item = self._world.code.function_beside(name, self.function.file) if name else None
        return item is not None and "__noreturn" in item.text[: item.brace]

    def _loop(self, node: Node) -> set[str]:
        """Run a loop round by round as long as its condition is known."""
        initializer, condition = field_of(node, "initializer"), field_of(node, "condition")
        body, update = field_of(node, "body"), field_of(node, "update")
        if body is None:
            return self._maybe(node)
        if initializer is not None:
            if initializer.type == "declaration":
                self._declare(initializer)
            else:
                self.value(initializer)
        ends: set[str] = set()
        is_first = node.type == "do_statement"
        doubt = self._doubt
        for _ in range(_MAX_LOOP):
            self._doubt = doubt
            known = 1 if condition is None or is_first else self.value(condition)
            is_first = False
            if known is None:
                return ends | self._maybe(body)
            if not known:
                return ends | {FALLS}
            ways = self._statement(body)
            ends |= ways - {BREAKS, CONTINUES, FALLS}
            doubt = self._doubt if ends else doubt  # what may leave leaves the next round, too
            if BREAKS in ways:
                return ends | {FALLS}
            if not ways & {FALLS, CONTINUES}:
                return ends
            if update is not None:
                self.value(update)
        raise TooLongError(f"{self.function.name} has a loop that does not end")

    def _binary(self, node: Node) -> Value:
        """Return `sizeof(a) / sizeof(a[0])`, the length of a table."""
        left, right = field_of(node, "left"), field_of(node, "right")
        if left is not None and left.type == "sizeof_expression" and right is not None:
            words = re.findall(r"\w+", text_of(left))
            if right.type == "sizeof_expression" and len(words) == 2:
                return self._world.memory.length(self.name_value(words[1]))
        return super()._binary(node)


def run_function(code: Code, function: Function, values: Sequence[Value]) -> Value:
    """Return what a function gives that asks its arguments and tables alone, None if not known."""
    world = World(code, Memory(code, function.file), Met(), lambda name: None, {}, ())
    try:
        given = dict(zip(function.parameters, values, strict=False))
        return RegisterMachine(world, function, given).execute()
    except TooLongError:
        return None
