"""The code of a tree under one configuration: its files, and the values of names in them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kfmap.kernel.config import Config
from kfmap.kernel.constants import Constants
from kfmap.kernel.expressions import Evaluator, Value
from kfmap.kernel.items import Item
from kfmap.kernel.layout import Layout, Layouts
from kfmap.kernel.source import ANY_LINE
from kfmap.kernel.sources import Sources
from kfmap.kernel.syntax import parse_expression, split_list
from kfmap.kernel.tree import Tree

_AFTER_ENUMERATOR = re.compile(r"\s*(?:[,=}]|__)")
_MAX_NESTING = 40
_MAX_EXPANSIONS = 5_000  # of macros with parameters, in constants


class Code(Sources):
    """A tree and a configuration, with the constants and layouts of types; each is read once."""

    def __init__(self, tree: Tree, config: Config) -> None:
        super().__init__(tree, config)
        self._laid_out: dict[tuple[str, int], Layout] = {}
        self._enums: dict[str, dict[str, Item]] = {}
        self._enumerators: dict[tuple[str, int], dict[str, Value]] = {}
        self._values: dict[tuple[str, str], Value] = {}
        self._evaluating: set[tuple[str, str]] = set()
        self._expansions = 0

    @property
    def layouts(self) -> Layouts:
        """Return what lays out types; kept, the two would be left for the cycle collector."""
        return Layouts(self, self.evaluate, self._laid_out)

    def value(self, name: str, file: str) -> Value:
        """Return the value of an enumerator or a macro as a file sees it."""
        key = (name, file)
        if key in self._values:
            return self._values[key]
        if key in self._evaluating or len(self._evaluating) > _MAX_NESTING:
            return None
        self._evaluating.add(key)
        try:
            self._values[key] = self._find_value(name, file)
        finally:
            self._evaluating.discard(key)
        return self._values[key]

    def evaluate(self, text: str, file: str) -> Value:
        """Return the value of a constant expression as a file sees it."""
        return Constants(self, file).value(parse_expression(text))

    def value_of_expansion(self, text: str, reader: Evaluator, file: str) -> Value:
        """Return the value of an expanded macro; None where macros expand without end."""
        key = (text, file)
        if key in self._evaluating or len(self._evaluating) > _MAX_NESTING:
            return None
        self._expansions += 1
        if self._expansions > _MAX_EXPANSIONS:
            return None
        self._evaluating.add(key)
        try:
            return reader.value(parse_expression(text))
        finally:
            self._evaluating.discard(key)

    def enums(self, file: str) -> dict[str, Item]:
        """Return the enumerators that a file defines, each with its enum."""
        if file not in self._enums:
            self._enums[file] = {
                name: item
                for item in self.items(file)
                if item.tag[0] == "enum"
                for name, _ in _split_enum(item)
            }
        return self._enums[file]

    def enum(self, item: Item) -> dict[str, Value]:
        """Return the enumerators of one enum, in order; what is not reached yet is missing."""
        key = (item.file, item.line)
        if key not in self._enumerators:
            self._enumerators[key] = {}
            self._read_enum(item, self._enumerators[key])
        return self._enumerators[key]

    def _read_enum(self, item: Item, found: dict[str, Value]) -> None:
        next_value: Value = 0
        local = Constants(self, item.file, found)
        for name, expression in _split_enum(item):
            if expression:
                next_value = local.value(parse_expression(expression))
            found[name] = next_value
            next_value = None if next_value is None else next_value + 1

    def _find_value(self, name: str, file: str) -> Value:
        if name.startswith("CONFIG_"):
            return self.config.macro(name)
        for other in self.files_of_value(name, file):
            source = self.source(other)
            if source and _may_enumerate(source.code, name) and name in self.enums(other):
                item = self.enums(other)[name]
                if self.find_doubt(other, item.line, file):
                    return None
                found = self.enum(item)
                for beside, value in found.items():  # they are asked for next, as a rule
                    self._values.setdefault((beside, file), value)
                return found.get(name)
            macro = source and source.macro_at(name, ANY_LINE)
            if macro and macro.parameters is None and macro.body:
                if self.is_one_of_two(macro, other, file):
                    return None
                return Constants(self, file).value(parse_expression(macro.body))
        return None

    def layout(self, item: Item) -> Layout:
        """Return where the members of a struct are."""
        return self.layouts.layout(item)


def _may_enumerate(code: str, name: str) -> bool:
    """Return whether a name stands somewhere like an enumerator; a pattern for each is slower."""
    at = code.find(name, 1)
    while at > 0:
        before = code[at - 1]
        if (before in "{," or before.isspace()) and _AFTER_ENUMERATOR.match(code, at + len(name)):
            return True
        at = code.find(name, at + 1)
    return False


def _split_enum(item: Item) -> Iterator[tuple[str, str]]:
    """Return the name and the expression ("" for none) of each enumerator."""
    for part in split_list(item.text[item.brace + 1 : item.text.rfind("}")]):
        name, _, expression = part.partition("=")
        words = name.split()
        if words and words[0].isidentifier():
            yield words[0], expression
