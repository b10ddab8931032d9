"""Constant expressions as one file of a tree sees them."""

from __future__ import annotations

from typing import Protocol

from tree_sitter import Node

from kfmap.kernel.config import Config
from kfmap.kernel.expressions import OF_VALUES, Evaluator, Value
from kfmap.kernel.layout import Layouts
from kfmap.kernel.preprocessor import config_call
from kfmap.kernel.source import Macro, substitute
from kfmap.kernel.syntax import arguments_of, text_of

_OF_BIT = frozenset({"BIT", "BIT_ULL"})


class Names(Protocol):
    """What the names of a tree stand for, as one of its files sees them."""

    config: Config

    @property
    def layouts(self) -> Layouts:
        """Return what lays out types."""

    def value(self, name: str, file: str) -> Value:
        """Return the value of an enumerator or a macro."""

    def macro(self, name: str, file: str) -> Macro | None:
        """Return the macro of a name."""

    def value_of_expansion(self, text: str, reader: Evaluator, file: str) -> Value:
        """Return the value of an expanded macro."""


class Constants(Evaluator):
    """Evaluates constant expressions as one file sees its names."""

    def __init__(self, names: Names, file: str, local: dict[str, Value] | None = None) -> None:
        self._names = names
        self._file = file
        self._local = {} if local is None else local

    def name_value(self, name: str) -> Value:
        """Return the value of an enumerator or macro."""
        if name in self._local:
            return self._local[name]
        return self._names.value(name, self._file)

    def uses_values(self, name: str) -> bool:
        """Leave out arguments of macros: they are text, and to look a name up costs much."""
        return name in OF_VALUES or name in _OF_BIT

    def call_value(self, name: str, node: Node, values: list[Value]) -> Value:
        """Return IS_ENABLED() and kin, BIT(), and macros with parameters."""
        arguments = [text_of(argument) for argument in arguments_of(node)]
        answer = config_call(self._names.config, name, arguments)
        if answer is not None:
            return answer
        if name in _OF_BIT and values and values[0] is not None:
            return 1 << values[0] if 0 <= values[0] < 64 else None
        macro = self._names.macro(name, self._file)
        if macro is None or macro.parameters is None:
            return None
        return self._names.value_of_expansion(substitute(macro, arguments), self, self._file)

    def other_value(self, node: Node) -> Value:
        """Return offsetof() and sizeof()."""
        if node.type == "offsetof_expression":
            words = _inside_parentheses(node).partition(",")
            struct = words[0].split()
            if len(struct) == 2 and struct[0] == "struct":
                return self._names.layouts.offset_of(struct[1], words[2].strip(), self._file)
        if node.type == "sizeof_expression":
            return self._names.layouts.size_of(_inside_parentheses(node), self._file)
        return super().other_value(node)


def _inside_parentheses(node: Node) -> str:
    return text_of(node).partition("(")[2].rpartition(")")[0]
