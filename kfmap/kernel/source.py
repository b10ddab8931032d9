"""One C file after the preprocessor's decisions: inactive lines blank, nothing moved.

Line numbers and columns stay those of the file. Macros are not expanded in `code`; their
definitions are kept, in order, because tables of BTF ids redefine them as they go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import zip_longest
from typing import NamedTuple

from kfmap.kernel.condition_words import ELSE, name_branch
from kfmap.kernel.directives import blank, find_directives, make_plain
from kfmap.kernel.enumerators import find_enumerators
from kfmap.kernel.tree import TreeError
from kfmap.quick_dataclass import dataclass, field

_SPLIT = re.compile(r"(?<=\w)(\\\r?\n)(\w+)")
_DEFINE = re.compile(r"\s*(\w+)(?:\(([^)]*)\))?(.*)", re.S)
_NAME = re.compile(r"\s*(\w+)", re.A)
_ONE_DEFINED = re.compile(r"(!?)defined\((\w+)\)")
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)
_DEFINED_NAME = re.compile(r"\bdefined\s*\(?\s*(\w+)\s*\)?")
_OPTION = re.compile(r"\bIS_(ENABLED|BUILTIN|MODULE|REACHABLE)\s*\(\s*(\w+)\s*\)|\b(CONFIG_\w+)")
ANY_LINE = 1 << 29  # after the last one of any file
_MAX_DIRECTIVES = 200_000
_MAX_EXPANDED = 1 << 24  # characters of one macro

Decide = Callable[[str], bool | None]


class Macro(NamedTuple):
    """A #define in force from `line` to `end` (its #undef); parameters None for an object macro."""

    name: str
    parameters: tuple[str, ...] | None
    body: str
    line: int
    end: int


class Define(NamedTuple):
    """What follows #define, not read yet: there are many in every header, and few are asked for."""

    text: str
    line: int
    end: int


@dataclass(frozen=True, slots=True)
class Include:
    """An #include: `quoted` is looked up beside the file first."""

    file: str
    quoted: bool
    line: int


class Doubt(NamedTuple):
    """An #if, from its line to that of its #endif, of which the branch that counts is in doubt.

    Without `names` the expression was not decided, and its branch is taken to count. With them it
    counts as decided, as if no file that is included defined these macros.
    """

    start: int
    end: int
    expression: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A file. `blanked` are the directives and the inactive lines, from offset to offset."""

    file: str
    text: str
    blanked: tuple[tuple[int, int], ...]
    defined: dict[str, list[Define]]
    includes: tuple[Include, ...]
    conditions: tuple[tuple[int, int, str], ...]
    doubts: tuple[Doubt, ...]
    is_whole: bool = True  # False where there are too many directives to read them all
    expanded: str | None = None  # `code` after written_out.py and macro_expansion.py
    written_out: frozenset[str] = frozenset()  # headers whose text is in `expanded`
    options_gone: Mapping[str, int] = field(default_factory=dict)  # by #undef, with the lines

    @cached_property
    def plain(self) -> str:
        """Return the text without comments and contents of strings."""
        return make_plain(self.text)

    @cached_property
    def code(self) -> str:
        """Return the text without comments, directives, inactive lines or contents of strings."""
        if self.expanded is not None:
            return self.expanded
        pieces: list[str] = []
        at = 0
        for start, end in self.blanked:
            pieces += self.plain[at:start], blank(self.plain[start:end])
            at = end
        code = "".join(pieces) + self.plain[at:]
        return _SPLIT.sub(_join, code) if "\\" in code else code

    def find_valued(self) -> set[str]:
        """Return the names of the macros, and all words of what may be definitions of enums.

        Raw text is read, comments and all, and what they hold may be among the words.
        """
        return {
            *self.defined,
            *find_enumerators(self.text),
            *(find_enumerators(self.expanded) if self.expanded else ()),
        }

    def line_at(self, offset: int) -> int:
        """Return the line (from 1) of an offset in `code`."""
        return self.code.count("\n", 0, offset) + 1

    def macro_at(self, name: str, line: int) -> Macro | None:
        """Return the definition of a macro in force at a line."""
        for define in reversed(self.defined.get(name, ())):
            if define.line < line <= define.end:
                return read_macro(define)
        return None

    @cached_property
    def macros(self) -> dict[str, tuple[Macro, ...]]:
        """Return all macros; of one, `macro_at` is faster."""
        return {
            name: tuple(macro for macro in map(read_macro, found) if macro is not None)
            for name, found in self.defined.items()
        }

    @property
    def undecided(self) -> tuple[Doubt, ...]:
        """Return the #ifs whose expressions were not decided."""
        return tuple(doubt for doubt in self.doubts if not doubt.names)

    def condition_at(self, line: int) -> str:
        """Return the #if conditions around a line, in words."""
        around = [(start, text) for start, end, text in self.conditions if start < line < end]
        return " and ".join(name_branch(text) for _, text in sorted(around))


def read_source(file: str, text: str, decide: Decide) -> Source:
    """Read a file. `decide` says whether the expression of an #if holds, None if not known."""
    return _Reader(file, text, decide).read()


def read_include(text: str, start: int, line: int) -> Include | None:
    """Read the #include on a line from its first offset; None where a macro names the file."""
    found = _INCLUDE.match(text, start)
    return Include(found[2], found[1] == '"', line) if found else None


def _join(match: re.Match[str]) -> str:
    """Return a word that goes on behind a backslash at the end of its line, whole on that line."""
    gap, rest = match.groups()
    return rest + gap.replace("\\", " ")


@dataclass(slots=True)
class _Level:
    """An open #if: whether its branch is active, whether one was taken, its expression.

    `doubt` is what is in doubt of it, without its end.
    """

    outer: bool
    active: bool
    taken: bool
    start: int
    text: str
    doubt: Doubt | None = None


class _Reader:
    def __init__(self, file: str, text: str, decide: Decide) -> None:
        self._file, self._text, self._decide = file, text, decide
        self._levels: list[_Level] = []
        self._defined: dict[str, list[Define]] = {}
        self._includes: list[Include] = []
        self._conditions: list[tuple[int, int, str]] = []
        self._doubts: list[Doubt] = []
        self._undefined: set[str] = set()
        self._options_gone: dict[str, int] = {}
        self._active = True

    def read(self) -> Source:
        blanked: list[tuple[int, int]] = []
        at, counted, line, number = 0, 0, 1, 0
        for start, end, word, rest in find_directives(self._text):
            number += 1
            if number > _MAX_DIRECTIVES:
                break
            blanked.append((start if self._active else at, end))
            line += self._text.count("\n", counted, start)
            counted, at = start, end
            if "\\" in rest:
                rest = rest.replace("\\\n", " ")
            if word != "define":
                self._directive(start, word, rest, line)
            elif self._active:  # half of all
                self._define(rest, line)
        if not self._active:
            blanked.append((at, len(self._text)))
        while self._levels:  # of an #if that nothing closes
            self._close(self._levels.pop(), _END)
        return Source(
            self._file,
            self._text,
            tuple(blanked),
            self._defined,
            tuple(self._includes),
            tuple(self._conditions),
            tuple(filter(self._is_open, self._doubts)),
            number <= _MAX_DIRECTIVES,
            options_gone=self._options_gone,
        )

    def _directive(self, start: int, word: str, rest: str, line: int) -> None:
        if word in ("if", "ifdef", "ifndef"):
            self._open(word, rest.strip(), line)
        elif word in ("elif", "else", "endif"):
            self._continue(word, rest.strip(), line)
        elif word in _ELIF_DEFINED:  # of C23
            self._continue("elif", f"{_ELIF_DEFINED[word]}({rest.strip()})", line)
        elif not self._active:
            return
        elif word == "undef":
            self._undefine(rest.strip(), line)
        elif word == "include":
            found = read_include(self._text, start, line)
            if found is not None:
                self._includes.append(found)

    def _open(self, word: str, rest: str, line: int) -> None:
        expression = rest if word == "if" else f"defined({rest})"
        if word == "ifndef":
            expression = f"!{expression}"
        level = _Level(self._active, False, False, line, expression)
        level.active = level.taken = self._active and self._holds(expression, line, level)
        self._levels.append(level)
        self._active = level.active

    def _continue(self, word: str, rest: str, line: int) -> None:
        if not self._levels:
            return
        level = self._levels[-1]
        if level.active and level.outer:
            self._conditions.append((level.start, line, level.text))
        if word == "endif":
            self._close(self._levels.pop(), line)
            self._active = level.outer
            return
        holds = level.outer and not level.taken
        text = ELSE + level.text.removeprefix(ELSE)
        if word == "elif":
            holds = holds and self._holds(rest, line, level)
            text = rest
        level.active, level.start, level.text = holds, line, text
        level.taken = level.taken or holds
        self._active = holds

    def _close(self, level: _Level, line: int) -> None:
        if level.doubt is not None:
            self._doubts.append(level.doubt._replace(end=line))

    def _is_open(self, doubt: Doubt) -> bool:
        """Return whether the macros that an #if hangs on are for other files to define."""
        return not doubt.names or any(name not in self._defined for name in doubt.names)

    def _holds(self, expression: str, line: int, level: _Level) -> bool:
        own = _ONE_DEFINED.fullmatch(expression)
        if own:
            known = self._is_defined(own[2])
            if known is not None:
                return known is not bool(own[1])
        elif self._defined or self._undefined:
            expression = _DEFINED_NAME.sub(self._put_known, expression)
            if "CONFIG_" in expression:
                expression = _OPTION.sub(self._put_option, expression)
        holds = self._decide(expression)
        names: tuple[str, ...] = ()
        if holds is not None:
            found = (own[2],) if own else _DEFINED_NAME.findall(expression)
            names = tuple(filter(self._is_for_others, found))
            if not names:
                return holds
        if level.doubt is None or not names:
            level.doubt = Doubt(level.start, line, expression, names)
        elif level.doubt.names:
            level.doubt = level.doubt._replace(names=(*level.doubt.names, *names))
        return holds is not False

    def _is_for_others(self, name: str) -> bool:
        """Return whether a macro counts as not defined only because this file does not do it."""
        return not name.startswith("CONFIG_") and self._decide(f"defined({name})") is False

    def _is_defined(self, name: str) -> bool | None:
        """Return whether the file itself defines a macro, or takes it away; None for neither."""
        if name in self._undefined:
            return False
        found = self._defined.get(name)
        return None if found is None else any(define.end == _END for define in found)

    def _put_known(self, match: re.Match[str]) -> str:
        known = self._is_defined(match[1])
        return match[0] if known is None else str(int(known))

    def _put_option(self, match: re.Match[str]) -> str:
        """Return an option, or a question about it, as the #define or #undef above has it.

        IS_ENABLED() and kin (include/linux/kconfig.h) ask whether CONFIG_X or CONFIG_X_MODULE is 1.
        """
        question, name = match[1], match[2] or match[3]
        is_defined = self._is_defined(name)
        if is_defined is None:
            return match[0]
        value = "0"
        if is_defined:
            macro = read_macro(self._defined[name][-1])
            value = (macro.body if macro else "") or "0"
        if not question:
            return f"({value})"
        is_builtin = int(value == "1")
        known = {"BUILTIN": f"{is_builtin}", "ENABLED": f"({is_builtin} || IS_MODULE({name}))"}
        return known.get(question, match[0] if question == "MODULE" else "IS_REACHABLE(0)")

    def _define(self, rest: str, line: int) -> None:
        match = _NAME.match(rest)
        if match:
            self._undefined.discard(match[1])
            self._defined.setdefault(match[1], []).append(Define(rest, line, _END))

    def _undefine(self, name: str, line: int) -> None:
        found = self._defined.get(name)
        self._undefined.add(name)
        if name.startswith("CONFIG_"):
            self._options_gone.setdefault(name, line)
        if found:
            last = found[-1]
            found[-1] = last._replace(end=line)


def read_macro(define: Define) -> Macro | None:
    """Read what follows #define; None for what is no macro."""
    match = _DEFINE.match(define.text)
    if match is None:
        return None
    names = match[2]
    parameters = None
    if names is not None:
        parameters = tuple(name.strip().removesuffix("...") for name in names.split(","))
    return Macro(match[1], parameters, match[3].strip(), define.line, define.end)


_END = 1 << 30
_ELIF_DEFINED = {"elifdef": "defined", "elifndef": "!defined"}


def substitute(macro: Macro, arguments: list[str]) -> str:
    """Return the body of a macro with its parameters replaced, `a ## b` joined.

    Raises TreeError where that is longer than in any kernel.
    """
    parameters = macro.parameters or ()
    if len(macro.body) * (1 + max(map(len, arguments), default=0)) > _MAX_EXPANDED:
        raise TreeError(f"the macro {macro.name} expands to more than {_MAX_EXPANDED:,} characters")
    given = dict(zip_longest(parameters, arguments[: len(parameters)], fillvalue=""))
    body = re.sub(r"\b\w+\b", lambda match: given.get(match[0], match[0]), macro.body)
    return re.sub(r"\s*##\s*", "", body).replace("\\\n", " ")
