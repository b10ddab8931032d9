"""Sets of kfuncs and kfunc id sets that a function changes, or gives to an unknown call.

That one may register them, or take them away. In the kernel only register_btf_kfunc_id_set() is
given any, and what is in a set is only asked for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from kfmap.kernel.code import Code
from kfmap.kernel.facts import Place
from kfmap.kernel.items import Item
from kfmap.kernel.rules.register_world import REGISTER, REGISTER_FMODRET
from kfmap.kernel.whole_word import find_word, written_whole
from kfmap.quick_dataclass import dataclass

_DECLARED = re.compile(rf"{written_whole('btf_kfunc_id_set')}\s+(\w+)\s*[\[=;,]", re.ASCII)
_SIGN = re.compile(r"[(){};]")
_NAME_AT_END = re.compile(r"([A-Za-z_]\w*)\s*\Z")
_KNOWN = frozenset({REGISTER, REGISTER_FMODRET, "memcpy", "memmove", "memset", "ARRAY_SIZE"})
_ASKING = frozenset({"btf_id_set_contains", "btf_id_set8_contains"})
_READ_PART = re.compile(r"\s*(?:\.|->)")
_CHANGED_PART = re.compile(r"\s*\)*\s*(?:\.|->|\[)[^;{}=!<>]*(?:=(?!=)|\+\+|--)")
_NO_CALLS = frozenset({"if", "while", "for", "switch", "return", "sizeof", "typeof", "alignof"})
_AT_EXIT = re.compile(r"\b__exit\b")
_PROGRAM_TYPE = re.compile(r"\bBPF_PROG_TYPE_\w+")
_MAX_NAME = 200  # characters of a name


@dataclass(frozen=True, slots=True)
class HandedOn:
    """A set or kfunc id set by the name that a function gives on, and the call in words.

    `program_type` is the one that is given with it, None where none is, or several are.
    """

    name: str
    place: Place
    call: str
    program_type: str | None


def find_handed_on(
    code: Code, sets: Mapping[str, Collection[str]], followed: Collection[str]
) -> Iterator[HandedOn]:
    """Return what goes to calls of others than functions that are `followed`.

    `sets` are the names of the sets of kfuncs by the files that define them.
    """
    for file, own in sets.items():
        source = code.source(file)
        declared = set(_DECLARED.findall(source.code)) if source else set()
        for name in sorted(filter(str.isidentifier, own)):
            yield from find_changes(code, file, name)
        for name in sorted(declared):
            for call in _find_calls(code, file, name):
                if call.callee not in _KNOWN and call.callee not in followed:
                    yield _hand_on(call, name)


def find_changes(code: Code, file: str, name: str) -> Iterator[HandedOn]:
    """Return where a function of a file may change a set of BTF ids."""
    for place in find_changed_parts(code, file, name):
        yield HandedOn(name, place, f"a part of {name}", None)
    for call in _find_calls(code, file, name):
        callee = call.callee
        is_known = callee in _ASKING or (callee and code.function_beside(callee, file))
        if not is_known and code.macro(callee, file) is None:
            yield _hand_on(call, name)


def find_changed_parts(code: Code, file: str, name: str) -> Iterator[Place]:
    """Return where a function of a file sets a part of a variable."""
    for item, at in _find_uses(code, file, name):
        if _CHANGED_PART.match(item.text, at + len(name)):
            yield Place(file, item.line_at(at))


def find_calls_with(code: Code, file: str, name: str) -> Iterator[str]:
    """Return what the functions of a file call with a variable."""
    return (call.callee for call in _find_calls(code, file, name))


@dataclass(frozen=True, slots=True)
class _Call:
    """A call in an item, `callee` "" where that has no name; from where to the name it is given."""

    item: Item
    callee: str
    start: int
    given: int


def _find_calls(code: Code, file: str, name: str) -> Iterator[_Call]:
    """Return the calls that are given a name."""
    for item, at in _find_uses(code, file, name):
        if item.text[at - 1] != "&" and _READ_PART.match(item.text, at + len(name)):
            continue
        start, callee = _find_callee(item.text, at)
        if callee is not None:
            yield _Call(item, callee, start, at)


def _find_uses(code: Code, file: str, name: str) -> Iterator[tuple[Item, int]]:
    for item in code.items(file):
        if item.function and name in item.text and not _is_at_exit(item):
            for at in find_word(item.text, name, item.brace):
                yield item, at


def _hand_on(call: _Call, name: str) -> HandedOn:
    types = set(_PROGRAM_TYPE.findall(call.item.text, call.start, call.given))
    return HandedOn(
        name,
        Place(call.item.file, call.item.line_at(call.given)),
        f"{call.callee or 'a pointer'}(… {name} …)",
        types.pop() if len(types) == 1 else None,
    )


def _is_at_exit(item: Item) -> bool:
    """Return whether a function is run as its module goes, with all that it registered."""
    return _AT_EXIT.search(item.text, 0, max(0, item.brace)) is not None


def _find_callee(text: str, offset: int) -> tuple[int, str | None]:
    """Return where a call begins that is given what stands at an offset, and what is called.

    That is "" where it has no name, None where there is no call.
    """
    depth = 0
    signs = [(match.start(), match[0]) for match in _SIGN.finditer(text, 0, offset)]
    for at, sign in reversed(signs):
        if sign == ")":
            depth += 1
        elif sign == "(" and depth:
            depth -= 1
        elif sign == "(":
            before = text[max(0, at - _MAX_NAME) : at].rstrip()
            name = _NAME_AT_END.search(before)
            if name is not None:
                return at, None if name[1] in _NO_CALLS else name[1]
            if before.endswith(")"):
                return at, ""
        elif not depth:
            break
    return offset, None
