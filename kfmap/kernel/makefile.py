"""One Makefile as make reads it line by line: assignments, conditions and includes, no recipes.

Mirrors GNU make's manual as far as Kbuild's Makefiles use it. What stands under a condition that
cannot be evaluated (make_expansion.py) is there perhaps.
"""

from __future__ import annotations

import posixpath
import re

from kfmap.kernel.config import Config
from kfmap.kernel.make_expansion import MAX_VALUE, Expansion, Variable
from kfmap.kernel.make_functions import MARK, split_pair
from kfmap.kernel.place import Place
from kfmap.kernel.tree import Tree, TreeError
from kfmap.quick_dataclass import dataclass, field

_CONDITION = re.compile(r"^\s*(ifeq|ifneq|ifdef|ifndef|else|endif)\b\s*(.*)$")
_INCLUDE = re.compile(r"^\s*(-include|sinclude|include)\s+(.*)$")
_WORDS_BEFORE = re.compile(r"^\s*(?:(?:export|override|private)\s+)+(?=\S+\s*[:+?]?=)")
_LIST = re.compile(r"-(?:y|m|n|objs|)\Z")
_UNDEFINE = re.compile(r"^\s*(?:override\s+)?undefine\s+(.*)$")
_LINKED = "KBUILD_VMLINUX_OBJS"
_MAX_LINES = 20_000
_MAX_INCLUDES = 30


@dataclass(slots=True)
class Lists:
    """The words of each list of a Makefile.

    `perhaps` are those under a condition that is not known, with its line; `unread` the lines that
    may add anything; `off` what lines add whose condition does not hold; `places` where a list was
    first assigned; `whole` what the Makefile at the top links whole, whoever refers to it.
    """

    words: dict[str, list[str]] = field(default_factory=dict)
    perhaps: dict[str, list[tuple[str, Place]]] = field(default_factory=dict)
    unread: list[Place] = field(default_factory=list)
    off: set[str] = field(default_factory=set)
    places: dict[str, Place] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Level:
    """An open condition: whether its branch holds, None if that is not known."""

    outer: bool
    holds: bool | None
    taken: bool


class Makefile:
    """Reads the Makefiles of one folder; `outside` are variables that others assign, too."""

    def __init__(
        self,
        tree: Tree,
        config: Config,
        given: dict[str, str],
        outside: frozenset[str] = frozenset(),
    ) -> None:
        self._tree = tree
        self._config = config
        self._expansion = Expansion(tree, config, given, outside)
        self._lines = 0
        self._includes = 0
        self._given = frozenset(given)
        self._perhaps: list[tuple[str, str, Place]] = []
        self._lost: list[Place] = []
        self._off: set[str] = set()
        self._overridden: set[str] = set()  # to those only `override` may assign
        self._places: dict[str, Place] = {}

    def read(self, file: str) -> None:
        """Read a file of the tree and what it includes; nothing where there is none.

        Raises TreeError where that is more than in any kernel.
        """
        text = self._tree.read(file)
        if text is None:
            return
        lines = text.split("\n")
        self._lines += len(lines)
        if self._lines > _MAX_LINES:
            raise TreeError(f"a Makefile of {self._lines:,} lines: no kernel has such")
        stack: list[_Level] = []
        is_recipe = False
        defining: list[str] | None = None
        for number, line in _join_lines(lines):
            self._expansion.place = Place(file, number)
            if defining is not None:
                defining.append(line)
                defining = None if self._ends_definition(defining) else defining
                continue
            condition = _CONDITION.match(line)
            if condition:
                self._conditional(condition[1], _without_comment(condition[2]).strip(), stack)
                continue
            if line.startswith("\t") and is_recipe:
                continue
            if any(level.holds is False for level in stack):
                self._leave_out(_without_comment(line))
                continue
            started = re.match(r"\s*define\s+([\w.-]+)", line)
            if started:
                defining = [started[1]]
                continue
            perhaps = any(level.holds is None for level in stack)
            is_recipe = self._statement(_without_comment(line), perhaps=perhaps) or (
                is_recipe and not line.strip()
            )

    def _ends_definition(self, lines: list[str]) -> bool:
        """Return whether the last line is `endef`; then the variable is that of the first line."""
        name, *value, last = lines
        if not re.match(r"\s*endef\b", last):
            return False
        self._expansion.variables[name] = Variable("\n".join(value), False)
        return True

    def lists(self) -> Lists:
        """Return the lists: variables whose names end in -y, -m, -objs or nothing after the -."""
        linked = frozenset(self._expansion.expand(f"$({_LINKED})").split())
        found = Lists(unread=list(self._lost), off=self._off, places=self._places, whole=linked)
        for name, variable in self._expansion.variables.items():
            marked = MARK.search(name)
            if not is_list(name) and marked is None:
                continue
            value = variable.text if variable.is_simple else self._expansion.expand(variable.text)
            for word in value.split():
                mark = marked or MARK.search(word)
                if mark is None:
                    found.words.setdefault(name, []).append(word)
                elif marked is not None and MARK.search(word) is None:
                    self._add_perhaps(found, name, word, self._expansion.marks[int(mark[1])])
                else:
                    found.unread.append(self._expansion.marks[int(mark[1])])
        for name, value, place in self._perhaps:
            for word in self._expansion.expand(value).split():
                self._add_perhaps(found, name, word, place)
        return found

    def _add_perhaps(self, found: Lists, name: str, word: str, place: Place) -> None:
        if MARK.search(word):
            found.unread.append(place)
        else:
            found.perhaps.setdefault(name, []).append((word, place))

    def _statement(self, line: str, *, perhaps: bool) -> bool:
        """Read a line that is no condition; return whether it begins a rule."""
        include = _INCLUDE.match(line)
        if include:
            self._include(include[1], include[2], perhaps=perhaps)
            return False
        undefined = _UNDEFINE.match(line)
        if undefined:
            self._undefine(undefined[1], perhaps=perhaps)
            return False
        words = _WORDS_BEFORE.match(line)
        assigned = split_assignment(line[words.end() :] if words else line)
        if assigned is None:
            if "$(eval" in line or "$(call" in line:
                self._evaluated(line)
            return ":" in line
        name = self._expansion.expand(assigned[0]).strip()
        if words and "override" in words[0].split():
            self._overridden.add(name)
        elif name in self._overridden:
            return False
        self._assign(name, *assigned[1:], perhaps=perhaps)
        return False

    def _undefine(self, name: str, *, perhaps: bool) -> None:
        name = self._expansion.expand(name).strip()
        if perhaps:
            self._expansion.variables[name] = Variable(self._expansion.mark(), True)
        else:
            self._expansion.variables.pop(name, None)

    def _leave_out(self, line: str) -> None:
        assigned = split_assignment(_WORDS_BEFORE.sub("", line))
        if assigned and (".o" in assigned[2] or "/" in assigned[2]):
            self._off.update(assigned[2].split(), self._expansion.expand(assigned[2]).split())

    def _evaluated(self, line: str) -> None:
        if MARK.search(self._expansion.expand(line)):
            self._lost.append(self._expansion.place)

    def _include(self, word: str, files: str, *, perhaps: bool) -> None:
        here = self._expansion.place
        for file in self._expansion.expand(files).split():
            path = posixpath.normpath(file)
            self._includes += 1
            if self._includes > _MAX_INCLUDES:
                raise TreeError(f"{here.file} includes more than {_MAX_INCLUDES} files")
            if MARK.search(file) or perhaps:
                self._lost.append(here)
            elif self._tree.has(path):
                self.read(path)
            elif word == "include" and not path.startswith(("include/", "..", "/")):
                self._lost.append(here)
        self._expansion.place = here

    def _conditional(self, word: str, rest: str, stack: list[_Level]) -> None:
        if word == "endif":
            if stack:
                stack.pop()
            return
        if word == "else":
            if not stack:
                return
            level = stack[-1]
            nested = _CONDITION.match(rest)
            before = level.holds
            if not level.outer or level.taken:
                level.holds = False
            else:
                holds = self._holds(nested[1], nested[2].strip()) if nested else True
                level.holds = None if before is None and holds is not False else holds
                level.taken = holds is True
            return
        outer = all(level.holds is not False for level in stack)
        holds = self._holds(word, rest) if outer else False
        stack.append(_Level(outer, holds, holds is True))

    def _holds(self, word: str, rest: str) -> bool | None:
        if word in ("ifdef", "ifndef"):
            name = self._expansion.expand(rest).strip()
            variable = self._expansion.variables.get(name)
            if self._expansion.is_of_others(name):
                return None
            if MARK.search(name) or (variable and MARK.search(variable.text)):
                return None
            known = bool(variable.text.strip()) if variable else self._expansion.is_defined(name)
            return known == (word == "ifdef")
        left, right = (self._expansion.expand(part).strip() for part in split_pair(rest))
        if MARK.search(left) or MARK.search(right):
            return None
        return (left == right) == (word == "ifeq")

    def _assign(self, name: str, operator: str, value: str, *, perhaps: bool) -> None:
        if name in self._given:
            return
        if perhaps:
            if is_list(name):
                self._perhaps.append((name, value, self._expansion.place))
            else:
                self._expansion.variables[name] = Variable(self._expansion.mark(), True)
            return
        if operator in ("?=", "+=") and self._expansion.is_of_others(name):
            self._expansion.variables[name] = Variable(self._expansion.mark(), True)
        known = self._expansion.variables.get(name)
        self._places.setdefault(name, self._expansion.place)
        if operator == "+=" and known is not None:
            added = self._expansion.expand(value) if known.is_simple else value
            known.text = f"{known.text} {added}"[-MAX_VALUE:]
        elif operator in (":=", "::="):
            self._expansion.variables[name] = Variable(self._expansion.expand(value), True)
        elif operator == "!=":
            self._expansion.variables[name] = Variable(self._expansion.mark(), True)
        elif operator != "?=" or known is None:
            self._expansion.variables[name] = Variable(value, False)


def is_list(name: str) -> bool:
    """Return whether a variable is one of the lists of a Makefile, which begin empty."""
    return _LIST.search(name) is not None


def split_assignment(line: str) -> tuple[str, str, str] | None:
    """Return the name, the operator and the value of an assignment; None for another line."""
    depth = 0
    for at, sign in enumerate(line):
        if sign in "({":
            depth += 1
        elif sign in ")}":
            depth -= 1
        elif depth:
            continue
        elif sign == "=" or line.startswith(("+=", "?=", ":=", "::=", "!="), at):
            operator = line[at : line.index("=", at) + 1]
            name = line[:at].strip()
            if not name or re.search(r"\s", re.sub(r"\$[({][^)}]*[)}]", "", name)):
                return None
            return name, operator, line[at + len(operator) :].strip()
        elif sign == ":":
            return None
    return None


def _join_lines(lines: list[str]) -> list[tuple[int, str]]:
    """Return the lines with those joined that a backslash continues, with their first numbers."""
    found: list[tuple[int, str]] = []
    held: list[str] = []
    first = 0
    for number, line in enumerate(lines, 1):
        first = first or number
        if line.endswith("\\"):
            held.append(line[:-1])
            continue
        found.append((first, " ".join([*held, line]) if held else line))
        held, first = [], 0
    if held:
        found.append((first, " ".join(held)))
    return found


def _without_comment(line: str) -> str:
    return re.split(r"(?<!\\)#", line, maxsplit=1)[0]
