"""Who uses a function: whether anything leads to it, and from where."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator

from kfmap.kernel.code import Code
from kfmap.kernel.items import Item
from kfmap.kernel.sought import Sought
from kfmap.kernel.whole_word import count_word, find_followed, has_word
from kfmap.quick_dataclass import dataclass, replace

_MAX_FOLLOWED = 20  # functions that lead to one another
_CALL = re.compile(r"(\w+)\s*\(\s*\w+\s*\)\s*;")
_USED = re.compile(r"\s*(\w+)\s*\(")  # a macro in place of a definition
_AT_EXIT = ("module_exit", "__exitcall")
_STATIC = re.compile(r"\bstatic\b")
_DECLARED = re.compile(r"([\w\s*]*)\b(\w+)\s*\(")
_DECLARED_STATIC = re.compile(r"\bstatic\b[^;{}()=]*\b(\w+)\s*\([^;{}]*\)[^;{}()]*;")
_ARGUMENTS = re.compile(r"\s*\(")
_CONSTRUCTOR = re.compile(r"\b_*constructor_*\b")
_EXPORT = "EXPORT_SYMBOL"
# include/linux/init.h and moduleparam.h: what is called where a parameter is given
_PARAMETER = re.compile(r"(?:__setup(?:_param)?|early_param|\w+_param_(?:cb|call)\w*)\s*\(")


@dataclass(frozen=True, slots=True)
class Uses:
    """The functions that call one, with their files; whether something names it as well or else.

    `is_of_a_parameter`: it is run where the kernel is started with a parameter.
    """

    callers: tuple[tuple[str, Item], ...]
    is_named: bool
    is_of_a_parameter: bool


class Usage:
    """Answers for the functions of the files of one kernel; `is_built` for any file of its tree."""

    def __init__(self, code: Code, files: Iterable[str], is_built: Callable[[str], bool]) -> None:
        self._code = code
        self._files = tuple(files)
        self._is_built = is_built
        self._uses: dict[tuple[str, str], Uses] = {}

    def is_used(self, item: Item) -> bool:
        """Return whether anything but its definition names a function of a file.

        A function without `static` may be called from any file of the kernel, one of a header from
        those that include it, and one whose name a macro may paste together by that macro.
        """
        if _CONSTRUCTOR.search(item.text, 0, max(0, item.brace)):  # run with CONFIG_CONSTRUCTORS
            return True
        if item.file.endswith(".h") or self._may_be_pasted(item):
            return True
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

    def _may_be_pasted(self, item: Item) -> bool:
        """Return whether nothing names a function in a file with macros that make names."""
        text = self._code.tree.read(item.file) or ""
        if count_word(text, item.function) != 1:
            return False
        used = (_USED.match(other.text) for other in self._code.items(item.file))
        macros = (self._code.macro(match[1], item.file) for match in used if match)
        return any(macro is not None and "##" in macro.body for macro in macros)

    def find_uses(self, item: Item) -> Uses:
        """Return who uses a function: of files that are built, as they are compiled."""
        key = (item.file, item.function)
        if key not in self._uses:
            self._uses[key] = self._find_uses(item)
        return self._uses[key]

    def _find_uses(self, item: Item) -> Uses:
        """Look into the files that are known first, then beside them, then into all of the tree."""
        tree = self._code.tree
        found = self._uses_in(self._find_known(item), item)
        for is_beside in (True, False):
            if found.callers or found.is_named or _is_static(item):
                break
            files = (
                tree.find_c_files(posixpath.dirname(item.file))
                if is_beside
                else tree.find_sources(self._code.architecture.folder)
            )
            beyond = self._uses_in(self._find_beyond(files, item), item)
            found = replace(beyond, is_of_a_parameter=found.is_of_a_parameter)
        return found

    def _find_known(self, item: Item) -> Iterator[str]:
        yield item.file
        for file in self._files:
            source = self._code.source(file)
            is_expanded = source is not None and source.expanded is not None
            is_named = is_expanded or item.function in (self._code.tree.read(file) or "")
            if file != item.file and is_named and self.sees(file, item):
                yield file

    def _find_beyond(self, files: Iterable[str], item: Item) -> Iterator[str]:
        name = item.function.encode()
        word = Sought(name, pattern=re.compile(rb"\b" + re.escape(name) + rb"\b"))
        known = {item.file, *self._files}
        beyond = (file for file in files if file not in known)
        for file, data in self._code.tree.search(beyond, word):
            if data is not None and self._is_built(file):
                yield file

    def _uses_in(self, files: Iterable[str], item: Item) -> Uses:
        name = item.function
        callers: list[tuple[str, Item]] = []
        is_named = is_of_a_parameter = False
        for file in files:
            left = self._count(name, file)
            for other in (i for i in self._code.items(file) if name in i.text):
                left -= count_word(other.text, name)
                # before its head stands perhaps a macro without a semicolon, such as module_init(x)
                in_head = has_word(other.text, name, 0, max(0, other.function_start))
                if other.function == name and other.brace >= 0:
                    is_named = is_named or in_head
                elif other.function:
                    inside = find_followed(other.text, name, _ARGUMENTS, other.brace)
                    is_call = {found is not None for _, found in inside}
                    is_named = is_named or in_head or False in is_call
                    if True in is_call:
                        callers.append((file, other))
                elif _PARAMETER.match(other.text):
                    is_of_a_parameter = True
                elif not (_declares(other, name) or self._leads_nowhere(other)):
                    is_named = is_named or has_word(other.text, name)
            is_named = is_named or left > 0  # behind the last item, by a macro without a semicolon
        return Uses(tuple(callers), is_named, is_of_a_parameter)

    def _count(self, name: str, file: str) -> int:
        source = self._code.source(file)
        return count_word(source.code, name) if source else 0

    def sees(self, file: str, item: Item) -> bool:
        """Return whether a file can call a function."""
        if item.file == file or not _is_static(item):
            return True
        closure = self._code.closure(file)
        return item.file in closure or bool(
            set(self._code.closure(item.file)[1:2]) & set(closure[1:2])
        )

    def _leads_nowhere(self, item: Item) -> bool:
        """Return whether an item only names a function to run at exit, or for a macro to drop.

        To export a function calls it as little.
        """
        call = _CALL.fullmatch(item.text)
        if call is None or call[1].startswith(_EXPORT):
            return call is not None
        macro = self._code.macro(call[1], item.file)
        if call[1] in _AT_EXIT or macro is None or len(macro.parameters or ()) != 1:
            return call[1] in _AT_EXIT
        (parameter,) = macro.parameters or ("",)
        return not has_word(macro.body, parameter)

    def _find_callers_beside(self, item: Item) -> list[Item] | None:
        """Return the functions that name a static one; None where something else does, too.

        Its definition and declarations are left out of what is counted.
        """
        name = item.function
        left = self._count(name, item.file)
        left -= count_word(item.text, name, item.function_start)
        left -= sum(
            self._leads_nowhere(other)
            for other in self._code.items(item.file)
            if name in other.text
        )
        callers = []
        for other in self._code.items(item.file):
            if name not in other.text or other.function == name:
                continue
            if "static" in other.text:
                left -= _DECLARED_STATIC.findall(other.text).count(name)
            inside = count_word(other.text, name, other.brace) if other.function else 0
            if inside:
                left -= inside
                callers.append(other)
        return None if left > 0 else callers


def _declares(item: Item, function: str) -> bool:
    """Return whether an item is a declaration of a function: a type stands before its name."""
    found = _DECLARED.match(item.text) if item.brace < 0 else None
    return found is not None and found[2] == function and bool(found[1].strip())


def _is_static(item: Item) -> bool:
    return _STATIC.search(item.text[: item.brace]) is not None
