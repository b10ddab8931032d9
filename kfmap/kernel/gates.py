"""Which options have to be on for a file, or a line of it, to be part of the kernel.

The lines of Makefiles that name an object, the #if around a line, and the #include that makes a
file part of another one: every CONFIG_ name on the way, and those that are off.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from kfmap.kernel.code import Code
from kfmap.kernel.kbuild import Kbuild
from kfmap.kernel.place import Place
from kfmap.kernel.tree import Tree
from kfmap.quick_dataclass import dataclass

_OPTION = re.compile(r"\bCONFIG_\w+")
_ASSIGN = re.compile(r"^\s*([^\s:=+?#][^:=+?#]*?)\s*(?::|\+|\?)?=\s*(.*)$")
_BLOCK = re.compile(r"^\s*(ifeq|ifneq|ifdef|ifndef|else|endif)\b(.*)$")
_STEM = re.compile(r"^([\w.-]+?)-(?:objs|y|m|\$\(CONFIG_\w+\))$")
_DIRECTIVE = re.compile(
    r"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else|endif)\b([^\n\\]*(?:\\\n[^\n\\]*)*)", re.M
)
_LISTS = ("obj", "core", "drivers", "net", "libs", "virt", "fs", "init")
_MAX_LINES = 20_000
_MAX_TARGETS = 50


@dataclass(frozen=True, slots=True)
class Gate:
    """An option and the line that asks for it."""

    option: str
    place: Place


class Gates:
    """Finds what gates files and lines of one tree."""

    def __init__(self, code: Code, kbuild: Kbuild) -> None:
        self._code = code
        self._kbuild = kbuild
        self._makefiles: dict[str, list[_Line]] = {}

    def off(self, gates: list[Gate]) -> tuple[tuple[str, ...], Place | None]:
        """Return the options that are off, and where the first of them is asked for."""
        missing = [gate for gate in gates if not self._code.config.is_enabled(gate.option)]
        names = tuple(dict.fromkeys(gate.option for gate in missing))
        return names, missing[0].place if missing else None

    def of_file(self, file: str) -> list[Gate]:
        """Return what has to be on for a file to be built."""
        found = list(self._of_object(file))
        if self._kbuild.owner(file):
            return found
        unit = self._kbuild.unit(file)
        text = self._plain(unit) if unit else ""
        quoted = re.search(rf'#\s*include\s*"[^"\n]*{re.escape(posixpath.basename(file))}"', text)
        if quoted is None:
            return found
        return [*self.of_line(unit, text, quoted.start()), *self._of_object(unit)]

    def of_line(self, file: str, text: str, offset: int) -> list[Gate]:
        """Return what the #if around an offset ask for; `text` is the file without comments."""
        stack: list[list[Gate]] = []
        for match in _DIRECTIVE.finditer(text, 0, offset):
            word = match[1]
            if word == "endif":
                if stack:
                    stack.pop()
                continue
            place = Place(file, text.count("\n", 0, match.start()) + 1)
            names = [] if word in ("else", "ifndef") else _wanted(match[2])
            gates = [Gate(name, place) for name in names]
            if word in ("elif", "else"):
                if stack:
                    stack[-1] = gates
            else:
                stack.append(gates)
        return [gate for level in stack for gate in level]

    def _plain(self, file: str) -> str:
        return self._code.tree.read(file) or ""

    def _of_object(self, file: str) -> Iterator[Gate]:
        """Follow an object through the Makefiles: its own, and those of the folders above."""
        folder, name = posixpath.split(file)
        yield from self._in_folder(folder, f"{name.removesuffix('.c')}.o")
        while folder:
            folder, last = posixpath.split(folder)
            yield from self._in_folder(folder, f"{last}/")

    def _in_folder(self, folder: str, target: str) -> Iterator[Gate]:
        waiting, seen = [target], {target}
        while waiting and len(seen) < _MAX_TARGETS:
            current = waiting.pop()
            for line in self._lines(folder):
                if current not in line.words:
                    continue
                place = Place(line.file, line.number)
                for option in (*line.around, *_OPTION.findall(line.name)):
                    yield Gate(option, place)
                stem = _STEM.match(line.name)
                whole = f"{stem[1]}.o" if stem and stem[1] not in _LISTS else ""
                if whole and whole not in seen:
                    seen.add(whole)
                    waiting.append(whole)

    def _lines(self, folder: str) -> list[_Line]:
        if folder not in self._makefiles:
            self._makefiles[folder] = list(_read_makefile(self._code.tree, folder))
        return self._makefiles[folder]


@dataclass(frozen=True, slots=True)
class _Line:
    """An assignment of a Makefile: the variable as written, its words, the options around it."""

    file: str
    number: int
    name: str
    words: frozenset[str]
    around: tuple[str, ...]


def _read_makefile(tree: Tree, folder: str) -> Iterator[_Line]:
    for name in ("Kbuild", "Makefile"):
        file = posixpath.join(folder, name)
        text = tree.read(file)
        if text is None:
            continue
        stack: list[list[str]] = []
        for number, line in _logical_lines(text):
            block = _BLOCK.match(line)
            if block and block[1] == "endif":
                stack = stack[:-1]
            elif block and block[1] == "else":
                stack = [*stack[:-1], _OPTION.findall(block[2])]
            elif block:
                negative = block[1] in ("ifndef", "ifneq")
                stack.append([] if negative else _OPTION.findall(block[2]))
            else:
                assign = _ASSIGN.match(line)
                if assign:
                    around = tuple(option for level in stack for option in level)
                    yield _Line(file, number, assign[1], frozenset(assign[2].split()), around)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Return the lines with those joined that a backslash continues, each with its first number."""
    held, first = "", 0
    for number, line in enumerate(text.split("\n")[:_MAX_LINES], 1):
        plain = line.split("#", 1)[0]
        first = first or number
        if plain.endswith("\\"):
            held += plain[:-1] + " "
            continue
        yield first, held + plain
        held, first = "", 0


def _wanted(expression: str) -> list[str]:
    """Return the options that an #if wants on: not those behind a `!`."""
    without = re.sub(r"!\s*(?:defined\s*\(?\s*|IS_\w+\s*\(\s*)?CONFIG_\w+", "", expression)
    return _OPTION.findall(without)
