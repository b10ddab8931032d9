"""The variables of a Makefile, and what `$(…)` in a text stands for: variables and functions.

Mirrors GNU make's manual as far as Kbuild's Makefiles use it. What cannot be evaluated (a command
of the shell, a function that is not there) becomes a mark in the text, which says at which line.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re

from kfmap.kernel.config import Config
from kfmap.kernel.make_functions import (
    LAZY,
    MARK,
    TEXT,
    UNREAD,
    find_end,
    patsubst,
    split_arguments,
)
from kfmap.kernel.place import Place
from kfmap.kernel.tree import Tree
from kfmap.quick_dataclass import dataclass

MAX_VALUE = 100_000  # characters of one variable
_MAX_EXPANDED = 4_000_000  # characters that come from variables, in one Makefile
_MAX_NESTING = 30  # of variables in variables


@dataclass(slots=True)
class Variable:
    """What was assigned; `is_simple`: expanded already (`:=`)."""

    text: str
    is_simple: bool


class Expansion:
    """Expands texts. `place` is the line that is read; `marks` has the line of each mark.

    `outside` are variables that may have any value before the first line.
    """

    def __init__(
        self, tree: Tree, config: Config, given: dict[str, str], outside: frozenset[str]
    ) -> None:
        self._tree = tree
        self._config = config
        self._outside = outside
        self._left = _MAX_EXPANDED
        self.variables = {name: Variable(value, True) for name, value in given.items()}
        self.marks: list[Place] = []
        self.place = Place("", 0)

    def mark(self) -> str:
        """Return a new mark for what cannot be evaluated in the line that is read."""
        self.marks.append(self.place)
        return f"\ue000{len(self.marks) - 1}\ue001"

    def is_defined(self, name: str) -> bool:
        """Return whether a variable is assigned, by a Makefile or by the configuration."""
        return name in self.variables or (
            name.startswith("CONFIG_") and bool(self._config.value(name))
        )

    def is_of_others(self, name: str) -> bool:
        """Return whether nothing that was read assigns a variable, and something else may."""
        return name in self._outside and name not in self.variables

    def expand(self, text: str, arguments: tuple[str, ...] = (), depth: int = 0) -> str:
        """Replace variables and functions; one that does not end loses what is left."""
        if "$" not in text:
            return text
        if depth > _MAX_NESTING:
            return ""
        pieces: list[str] = []
        at = 0
        while (sign := text.find("$", at)) >= 0:
            pieces.append(text[at:sign])
            following = text[sign + 1 : sign + 2]
            if following in ("(", "{"):
                end = find_end(text, sign + 1)
                inside = text[sign + 2 : end]
                pieces.append(self._value(inside, arguments, depth))
                at = end + 1
            else:
                pieces.append("$" if following == "$" else "")
                at = sign + 2
        value = "".join(pieces) + text[at:]
        self._left -= len(value)
        return value if self._left > 0 else ""

    def _value(self, inside: str, arguments: tuple[str, ...], depth: int) -> str:
        """Return what `$(inside)` stands for."""
        call = re.match(r"([a-z-]+)[ \t]+", inside)
        if call and call[1] == "origin":  # nobody gives a variable on a command line here
            asked = self.expand(inside[call.end() :], arguments, depth + 1).strip()
            if self.is_of_others(asked):
                return self.mark()
            return "file" if self.is_defined(asked) else "undefined"
        if call and (call[1] in TEXT or call[1] in LAZY or call[1] in UNREAD):
            return self._function(call[1], inside[call.end() :], arguments, depth)
        name = self.expand(inside, arguments, depth + 1)
        if name.isdigit():
            return arguments[int(name)] if int(name) < len(arguments) else ""
        name, colon, change = name.partition(":")
        value = self._variable(name, arguments, depth)
        if colon and "=" in change:
            old, _, new = change.partition("=")
            pattern = old if "%" in old else f"%{old}"
            return patsubst(pattern, new if "%" in new or "%" in old else f"%{new}", value)
        return value

    def _variable(self, name: str, arguments: tuple[str, ...], depth: int) -> str:
        if MARK.search(name) or self.is_of_others(name):
            return self.mark()
        variable = self.variables.get(name)
        if variable is None:
            return self._config.value(name) if name.startswith("CONFIG_") else ""
        if variable.is_simple:
            return variable.text
        return self.expand(variable.text, arguments, depth + 1)

    def _function(self, name: str, rest: str, arguments: tuple[str, ...], depth: int) -> str:
        parts = split_arguments(rest)
        if name in UNREAD:
            return self.mark()
        if name in LAZY:
            return self._lazy(name, parts, arguments, depth)
        given = [self.expand(part, arguments, depth + 1) for part in parts]
        if name == "wildcard":
            return " ".join(found for word in given[0].split() for found in self._glob(word))
        wanted, function = TEXT[name]
        given = [*given[: wanted - 1], ",".join(given[wanted - 1 :])]
        return function(*given) if len(given) == wanted else self.mark()

    def _lazy(self, name: str, parts: list[str], arguments: tuple[str, ...], depth: int) -> str:
        def give(index: int) -> str:
            part = parts[index] if index < len(parts) else ""
            return self.expand(part, arguments, depth + 1).strip()

        if name == "call":
            called = give(0)
            if called not in self.variables:
                return self.mark()
            passed = tuple(give(index) for index in range(len(parts)))
            return self.expand(self.variables[called].text, passed, depth + 1)
        if name == "foreach":
            return self._foreach(give(0), give(1), parts[2] if len(parts) > 2 else "", depth)
        if name == "if":
            chosen = give(0)
            if MARK.search(chosen):
                return self.mark()
            return give(1) if chosen else give(2)
        values = [give(index) for index in range(len(parts))]
        if name == "or":
            return next((value for value in values if value), "")
        return values[-1] if values and all(values) else ""

    def _foreach(self, name: str, words: str, body: str, depth: int) -> str:
        before = self.variables.get(name)
        found = []
        for word in words.split():
            self.variables[name] = Variable(word, True)
            found.append(self.expand(body, (), depth + 1))
        if before is None:
            self.variables.pop(name, None)
        else:
            self.variables[name] = before
        return " ".join(found)

    def _glob(self, word: str) -> list[str]:
        if MARK.search(word):
            return [word]
        folder, pattern = posixpath.split(word)
        inside = posixpath.normpath(folder or ".")
        names = self._tree.names_in("" if inside == "." else inside)
        matching = fnmatch.filter(names, pattern)
        return sorted(posixpath.join(folder, name) for name in matching)
