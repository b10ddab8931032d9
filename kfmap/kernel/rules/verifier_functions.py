"""Functions of kernel/bpf/verifier.c by their names, for what is asked by running them."""

from __future__ import annotations

from collections.abc import Iterable

from kfmap.kernel.code import Code
from kfmap.kernel.items import Item
from kfmap.kernel.rules.sleep_rules import VERIFIER_C
from kfmap.kernel.syntax import Function, parse_function


class VerifierFunctions:
    """Functions of the verifier, and of other files, parsed when they are first asked for."""

    def __init__(self, code: Code, *others: str) -> None:
        self._items: dict[str, Item] = {}
        for file in (VERIFIER_C, *others):
            for item in code.items(file):
                if item.function:
                    self._items.setdefault(item.function, item)
        self._parsed: dict[str, Function] = {}

    def __getitem__(self, name: str) -> Function:
        """Return a function. Raises KeyError where no file defines it."""
        if name not in self._parsed:
            self._parsed[name] = parse_function(self._items[name])
        return self._parsed[name]

    def find(self, name: str) -> Function | None:
        """Return a function, None for what no file defines."""
        return self[name] if name in self._items else None

    def item(self, name: str) -> Item | None:
        """Return the text of a function."""
        return self._items.get(name)

    def names(self) -> Iterable[str]:
        """Return the names of all functions."""
        return self._items.keys()

    def read_texts(self) -> list[str]:
        """Return the texts of those that were asked for."""
        return [self._items[name].text for name in self._parsed]
