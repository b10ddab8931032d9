"""Functions of kernel/bpf/verifier.c by their names, for what is asked by running them."""

from __future__ import annotations

from kfmap.kernel.code import Code
from kfmap.kernel.items import Item
from kfmap.kernel.rules.sleep_rules import VERIFIER_C
from kfmap.kernel.syntax import Function, parse_function


class VerifierFunctions:
    """Functions, parsed when they are first asked for."""

    def __init__(self, code: Code) -> None:
        self._items: dict[str, Item] = {}
        for item in code.items(VERIFIER_C):
            if item.function:
                self._items.setdefault(item.function, item)
        self._parsed: dict[str, Function] = {}

    def __getitem__(self, name: str) -> Function:
        """Return a function. Raises KeyError where the verifier does not define it."""
        if name not in self._parsed:
            self._parsed[name] = parse_function(self._items[name])
        return self._parsed[name]

    def find(self, name: str) -> Function | None:
        """Return a function, None for what the verifier does not define."""
        return self[name] if name in self._items else None

    def read_texts(self) -> list[str]:
        """Return the texts of those that were asked for."""
        return [self._items[name].text for name in self._parsed]
