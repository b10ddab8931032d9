"""Who uses a function: whether anything leads to it, and from where."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from kfmap.kernel.code import Code
from kfmap.kernel.items import Item

_MAX_FOLLOWED = 20  # functions that lead to one another
_CALL = re.compile(r"(\w+)\s*\(\s*\w+\s*\)\s*;")
_AT_EXIT = ("module_exit", "__exitcall")
_STATIC = re.compile(r"\bstatic\b")


class Usage:
    """Answers for the functions of the files of one kernel."""

    def __init__(self, code: Code, files: Iterable[str]) -> None:
        self._code = code
        self._files = tuple(files)

    def is_used(self, item: Item) -> bool:
        """Return whether anything but its definition names a function of a file.

        A function without `static` may be called from any file of the kernel.
        """
        waiting, seen = [item], {item.function}
        while waiting:
            current = waiting.pop()
            if not _is_static(current) or len(seen) > _MAX_FOLLOWED:
                return True
            callers = self._find_callers_beside(current)
            if callers is None:
                return True
            waiting += [caller for caller in callers if caller.function not in seen]
            seen |= {caller.function for caller in callers}
        return False

    def is_called_in_tree(self, item: Item) -> bool:
        """Return whether a function that is global is named anywhere but where it is defined.

        Files of its folder are looked into first: for the kernel's functions that is enough.
        """
        if _is_static(item):
            return True
        source = self._code.source(item.file)
        name = re.compile(rf"\b{re.escape(item.function)}\b")
        here = len(name.findall(source.code)) if source else 0
        if here > len(name.findall(item.text, item.function_start)):
            return True
        folder = posixpath.dirname(item.file)
        return self._is_named_in(item, self._code.tree.find_c_files(folder)) or self._is_named_in(
            item, self._code.tree.find_sources(self._code.architecture.folder)
        )

    def is_named_beyond(self, item: Item) -> bool:
        """Return whether a global function is named in a file that is none of these."""
        if _is_static(item):
            return False
        files = self._code.tree.find_sources(self._code.architecture.folder)
        return self._is_named_in(item, [file for file in files if file not in set(self._files)])

    def _is_named_in(self, item: Item, files: Iterable[str]) -> bool:
        word = re.compile(rb"\b" + re.escape(item.function).encode() + rb"\b")
        tree = self._code.tree
        return any(tree.search(file, word) for file in files if file != item.file)

    def sees(self, file: str, item: Item) -> bool:
        """Return whether a file can call a function."""
        if item.file == file or not _is_static(item):
            return True
        closure = self._code.closure(file)
        return item.file in closure or bool(
            set(self._code.closure(item.file)[1:2]) & set(closure[1:2])
        )

    def has_caller(self, item: Item) -> bool:
        """Return whether a function of these files calls a function."""
        call = re.compile(rf"\b{re.escape(item.function)}\s*\(")
        return any(
            other.function and other.function != item.function and call.search(other.text)
            for file in self._files
            for other in self._code.items(file)
            if item.function in other.text
        )

    def is_named_without_call(self, item: Item) -> bool:
        """Return whether a function is named where it is not called: by a table or a macro."""
        name = re.compile(rf"\b{re.escape(item.function)}\b(?!\s*\()")
        return any(
            name.search(other.text)
            for file in self._files
            for other in self._code.items(file)
            if item.function in other.text and self.sees(file, item)
        )

    def _leads_nowhere(self, item: Item) -> bool:
        """Return whether an item only names a function to run at exit, or for a macro to drop."""
        call = _CALL.fullmatch(item.text)
        if call is None:
            return False
        macro = self._code.macro(call[1], item.file)
        if call[1] in _AT_EXIT or macro is None or len(macro.parameters or ()) != 1:
            return call[1] in _AT_EXIT
        (parameter,) = macro.parameters or ("",)
        return not re.search(rf"\b{re.escape(parameter)}\b", macro.body)

    def _find_callers_beside(self, item: Item) -> list[Item] | None:
        """Return the functions that name a static one; None where something else does, too.

        Its definition and declarations are left out of what is counted.
        """
        source = self._code.source(item.file)
        name = re.escape(item.function)
        word = re.compile(rf"{name}(?<!\w{name})\b")  # a fixed text first: found far quicker
        declared = re.compile(rf"\bstatic\b[^;{{}}()=]*\b{name}\s*\([^;{{}}]*\)[^;{{}}()]*;")
        left = len(word.findall(source.code)) if source else 0
        left -= len(word.findall(item.text, item.function_start))
        left -= sum(
            self._leads_nowhere(other)
            for other in self._code.items(item.file)
            if item.function in other.text
        )
        callers = []
        for other in self._code.items(item.file):
            if item.function not in other.text or other.function == item.function:
                continue
            if "static" in other.text:
                left -= len(declared.findall(other.text))
            inside = len(word.findall(other.text, other.brace)) if other.function else 0
            if inside:
                left -= inside
                callers.append(other)
        return None if left > 0 else callers


def _is_static(item: Item) -> bool:
    return _STATIC.search(item.text[: item.brace]) is not None
