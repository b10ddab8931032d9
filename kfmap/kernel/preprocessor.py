"""The expressions of #if: what they come to under one configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tree_sitter import Node

from kfmap.kernel.architecture import Architecture
from kfmap.kernel.config import Config
from kfmap.kernel.expressions import Evaluator, Value
from kfmap.kernel.syntax import arguments_of, parse_expression, text_of

_ONE_DEFINED = re.compile(r"(!?)\s*defined\s*\(\s*(\w+)\s*\)")
_WORD = re.compile(r"[A-Za-z_]\w*")
_TRUTH = re.compile(r"\b(?:true|false)\b")  # enumerators: names like any other one in an #if
_DEFINED_BARE = re.compile(r"\bdefined\s+(\w+)")
# What the compiler and Kbuild define for every kernel of 64 bits.
_DEFINED = {
    "__KERNEL__": 1,
    "__GNUC__": 12,
    "__LITTLE_ENDIAN_BITFIELD": 1,
    "__LITTLE_ENDIAN": 1234,
    "BITS_PER_LONG": 64,
    "__BITS_PER_LONG": 64,
    "NET_SKBUFF_DATA_USES_OFFSET": 1,
}


class Conditions(Evaluator):
    """Decides the expressions of #if."""

    def __init__(self, config: Config, architecture: Architecture) -> None:
        self._config = config
        self._defined = _DEFINED | {architecture.macro: 1}
        self._decided: dict[str, bool | None] = {}

    def decide(self, expression: str) -> bool | None:
        """Return whether an expression holds, None where it is not known."""
        if expression not in self._decided:
            self._decided[expression] = self._decide(expression)
        return self._decided[expression]

    def decide_with(self, expression: str, defined: Mapping[str, bool | None]) -> bool | None:
        """Return the same where it is known of some macros whether they are defined."""
        for name in set(_WORD.findall(expression)) & defined.keys():
            known = defined[name]
            if known is None:
                return None
            expression = re.sub(
                rf"\bdefined\s*(?:\(\s*{name}\s*\)|{name}\b)", str(int(known)), expression
            )
            if known and re.search(rf"\b{name}\b", expression):
                return None  # its value is asked for
        return self.decide(expression)

    def _decide(self, expression: str) -> bool | None:
        plain = _ONE_DEFINED.fullmatch(expression)  # most are: no parser is needed for them
        if plain:
            return self._is_defined(plain[2]) != bool(plain[1])
        text = _DEFINED_BARE.sub(r"defined(\1)", expression)
        value = self.value(parse_expression(_TRUTH.sub("0", text)))
        return None if value is None else bool(value)

    def _is_defined(self, name: str) -> bool:
        if name.startswith("CONFIG_"):
            return self._config.macro(name) is not None
        return name in self._defined

    def name_value(self, name: str) -> Value:
        """Return the value of an option, or of what the compiler defines."""
        if name.startswith("CONFIG_"):
            return self._config.macro(name) or 0
        return self._defined.get(name)

    def call_value(self, name: str, node: Node, values: list[Value]) -> Value:
        """Return defined(), IS_ENABLED() and kin."""
        arguments = [text_of(argument) for argument in arguments_of(node)]
        if name == "defined" and arguments:
            return int(self._is_defined(arguments[0]))
        return config_call(self._config, name, arguments)


def config_call(config: Config, name: str, arguments: list[str]) -> Value:
    """Return the value of IS_ENABLED() and kin (include/linux/kconfig.h), None for other calls."""
    if len(arguments) != 1 or not arguments[0].startswith("CONFIG_"):
        return None
    option = arguments[0]
    match name:
        case "IS_REACHABLE" if config.is_enabled(option) and not config.is_builtin(option):
            return None  # yes in a module, no in vmlinux
        case "IS_ENABLED" | "IS_REACHABLE":
            return int(config.is_enabled(option))
        case "IS_BUILTIN":
            return int(config.is_builtin(option))
        case "IS_MODULE":
            return int(config.is_enabled(option) and not config.is_builtin(option))
    return None
