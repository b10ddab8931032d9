"""Constant expressions as one file of a tree sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tree_sitter import Node

from kfmap.kernel.expressions import Evaluator, Value
from kfmap.kernel.layout import offset_of, size_of
from kfmap.kernel.preprocessor import config_call
from kfmap.kernel.source import substitute
from kfmap.kernel.syntax import arguments_of, text_of

if TYPE_CHECKING:  # code gives the values of names, which are constant expressions
    from kfmap.kernel.code import Code


class Constants(Evaluator):
    """Evaluates constant expressions as one file sees its names."""

    def __init__(self, code: Code, file: str, local: dict[str, Value] | None = None) -> None:
        self._code = code
        self._file = file
        self._local = {} if local is None else local

    def name_value(self, name: str) -> Value:
        """Return the value of an enumerator or macro."""
        if name in self._local:
            return self._local[name]
        return self._code.value(name, self._file)

    def call_value(self, name: str, node: Node, values: list[Value]) -> Value:
        """Return IS_ENABLED() and kin, BIT(), and macros with parameters."""
        arguments = [text_of(argument) for argument in arguments_of(node)]
        answer = config_call(self._code.config, name, arguments)
        if answer is not None:
            return answer
        if name in ("BIT", "BIT_ULL") and values and values[0] is not None:
            return 1 << values[0] if 0 <= values[0] < 64 else None
        macro = self._code.macro(name, self._file)
        if macro is None or macro.parameters is None:
            return None
        return self._code.value_of_expansion(substitute(macro, arguments), self, self._file)

    def other_value(self, node: Node) -> Value:
        """Return offsetof() and sizeof()."""
        if node.type == "offsetof_expression":
            words = _inside_parentheses(node).partition(",")
            struct = words[0].split()
            if len(struct) == 2 and struct[0] == "struct":
                return offset_of(self._code, struct[1], words[2].strip(), self._file)
        if node.type == "sizeof_expression":
            return size_of(self._code, _inside_parentheses(node), self._file)
        return super().other_value(node)


def _inside_parentheses(node: Node) -> str:
    return text_of(node).partition("(")[2].rpartition(")")[0]
