"""Which files are part of the kernel, and of which object: Kbuild's Makefiles, as far as needed.

Mirrors Documentation/kbuild/makefiles.rst: `obj-$(CONFIG_X)`, composite objects, ifeq and ifdef.
"""

from __future__ import annotations

import posixpath
import re

from kfmap.kernel.architecture import find_architecture
from kfmap.kernel.config import Config
from kfmap.kernel.facts import VMLINUX
from kfmap.kernel.tree import Tree, TreeError

_ASSIGN = re.compile(r"^\s*([\w$(){}./-]+?)\s*(\+=|:=|\?=|=)\s*(.*)$")
_CONDITION = re.compile(r"^\s*(ifeq|ifneq|ifdef|ifndef|else|endif)\b\s*(.*)$")
_VARIABLE = re.compile(r"\$[({]([\w.-]+)[)}]")
_CALL = re.compile(r"\$\((?:[a-z]+) [^()]*\)")
_PAIR = re.compile(r"^\(\s*(.*?)\s*,\s*(.*?)\s*\)$")
_MAX_LINES = 20_000
_MAX_VALUE = 100_000  # characters of one variable
_MAX_EXPANDED = 4_000_000  # characters that come from variables, in one Makefile
_MAX_NESTING = 4  # of variables in variables
_TOP_LISTS = ("obj", "core", "drivers", "net", "libs", "virt", "fs", "init")


class Kbuild:
    """Answers which object a file becomes part of."""

    def __init__(self, tree: Tree, config: Config) -> None:
        self._tree = tree
        self._config = config
        self._arch = find_architecture(config).folder
        self._lists: dict[str, dict[str, list[str]]] = {}
        self._folders: dict[str, str] = {}
        self._users: dict[str, list[str]] = {}

    def owner(self, file: str) -> str:
        """Return VMLINUX, the name of the module that a .c file is built into, or "" for none."""
        folder, name = posixpath.split(file)
        target = f"{name.removesuffix('.c')}.o"
        while True:
            kind, module = self._find(folder, target)
            if kind:
                reached = self._folder(folder)
                if kind == "m" and reached:
                    return module
                return VMLINUX if reached == "y" else module if reached else ""
            if not folder:
                return ""
            # an object may be listed by a Makefile above, with its folder in the name
            folder, last = posixpath.split(folder)
            target = f"{last}/{target}"

    def unit(self, file: str) -> str:
        """Return the .c file that includes this one with #include, "" if none does."""
        folder, name = posixpath.split(file)
        above, last = posixpath.split(folder)
        for place, quoted in ((folder, name), (above, f"{last}/{name}")):
            for other in self._c_files(place):
                text = self._tree.read(other)
                if other != file and text and f'"{quoted}"' in text:
                    return other
        return ""

    def _c_files(self, folder: str) -> list[str]:
        if folder not in self._users:
            base = self._tree.root / folder
            try:
                names = sorted(p.name for p in base.iterdir() if p.suffix == ".c")
            except OSError:
                names = []
            self._users[folder] = [posixpath.join(folder, name) for name in names]
        return self._users[folder]

    def _find(self, folder: str, target: str) -> tuple[str, str]:
        """Return "y" or "m" for an object of a folder, with the name of its module."""
        lists = self._read(folder)
        seen: set[str] = set()
        waiting = [target]
        best = ("", "")
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            for kind in ("y", "m"):
                if any(current in lists.get(f"{name}-{kind}", ()) for name in _TOP_LISTS):
                    module = posixpath.basename(current).removesuffix(".o").replace("-", "_")
                    if kind == "y" or not best[0]:
                        best = (kind, module)
            for name, members in lists.items():
                if current in members:
                    stem = re.sub(r"-(objs|y|m)$", "", name)
                    if stem != name and stem not in _TOP_LISTS:
                        waiting.append(f"{stem}.o")
        return best

    def _folder(self, folder: str) -> str:
        """Return "y" or "m" where Kbuild goes into a folder, "" where it does not."""
        if not folder:
            return "y"
        if folder not in self._folders:
            self._folders[folder] = ""
            self._folders[folder] = self._ask_folder(folder)
        return self._folders[folder]

    def _ask_folder(self, folder: str) -> str:
        above, target = posixpath.split(folder)
        while True:
            lists = self._read(above)
            for kind in ("y", "m"):
                for name in _TOP_LISTS:
                    if f"{target}/" in lists.get(f"{name}-{kind}", ()):
                        reached = self._folder(above)
                        return kind if reached == "y" else reached
            if not above:
                return ""
            above, last = posixpath.split(above)
            target = f"{last}/{target}"

    def _read(self, folder: str) -> dict[str, list[str]]:
        if folder not in self._lists:
            names = ("Kbuild", "Makefile")
            texts = [self._tree.read(posixpath.join(folder, name)) or "" for name in names]
            is_top = folder in ("", f"arch/{self._arch}")  # the only folders with both
            text = "\n".join(texts) if is_top else texts[0] or texts[1]
            self._lists[folder] = _Makefile(self._config, self._arch, folder).read(text)
        return self._lists[folder]


class _Makefile:
    def __init__(self, config: Config, arch: str, folder: str) -> None:
        self._config = config
        self._left = _MAX_EXPANDED
        self._variables = {"src": folder, "obj": folder, "SRCARCH": arch, "BITS": "64"}

    def read(self, text: str) -> dict[str, list[str]]:
        """Return each variable's words."""
        stack: list[list[bool]] = []  # [outer, active, taken]
        lines = text.replace("\\\n", " ").split("\n")
        if len(lines) > _MAX_LINES:
            raise TreeError(f"a Makefile of {len(lines):,} lines: no kernel has such")
        for line in lines:
            if line.startswith("\t") and not _CONDITION.match(line):
                continue
            line = line.split("#", 1)[0]
            condition = _CONDITION.match(line)
            if condition:
                self._conditional(condition[1], condition[2].strip(), stack)
                continue
            assign = _ASSIGN.match(line) if all(level[1] for level in stack) else None
            if assign:
                self._assign(assign[1], assign[2], assign[3])
        return {name: value.split() for name, value in self._variables.items()}

    def _conditional(self, word: str, rest: str, stack: list[list[bool]]) -> None:
        if word == "endif":
            if stack:
                stack.pop()
            return
        if word == "else":
            if not stack:
                return
            level = stack[-1]
            nested = _CONDITION.match(rest)
            holds = not level[2] and (self._holds(nested[1], nested[2].strip()) if nested else True)
            level[1] = level[0] and holds
            level[2] = level[2] or holds
            return
        outer = all(level[1] for level in stack)
        holds = self._holds(word, rest)
        stack.append([outer, outer and holds, holds])

    def _holds(self, word: str, rest: str) -> bool:
        if word in ("ifdef", "ifndef"):
            name = self._expand(rest)
            known = (
                bool(self._config.value(name))
                if name.startswith("CONFIG_")
                else (bool(self._variables.get(name)))
            )
            return known == (word == "ifdef")
        pair = _PAIR.match(rest)
        left, right = (self._expand(part) for part in pair.groups()) if pair else ("", "?")
        return (left.strip() == right.strip()) == (word == "ifeq")

    def _assign(self, name: str, operator: str, value: str) -> None:
        name = self._expand(name)
        value = self._expand(value)
        if operator == "+=":
            self._variables[name] = f"{self._variables.get(name, '')} {value}"[-_MAX_VALUE:]
        elif operator != "?=" or name not in self._variables:
            self._variables[name] = value

    def _expand(self, text: str) -> str:
        """Replace variables; a Makefile that expands without end loses the rest of them."""

        def give(match: re.Match[str]) -> str:
            name = match[1]
            is_option = name.startswith("CONFIG_")
            value = self._config.value(name) if is_option else self._variables.get(name, "")
            self._left -= len(value)
            return value if self._left > 0 else ""

        for _ in range(_MAX_NESTING):
            expanded = _CALL.sub("", _VARIABLE.sub(give, text))
            if expanded == text:
                break
            text = expanded
        return text
