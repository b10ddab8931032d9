"""Kfunc id sets that a function gives to a call which is not followed: that one may register them.

In the kernel only register_btf_kfunc_id_set() is given any.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from kfmap.kernel.code import Code
from kfmap.kernel.facts import Place
from kfmap.kernel.rules.register_world import REGISTER, REGISTER_FMODRET
from kfmap.quick_dataclass import dataclass

_DECLARED = re.compile(r"\bbtf_kfunc_id_set\s+(\w+)\s*[\[=;,]")
_SIGN = re.compile(r"[(){};]")
_NAME_AT_END = re.compile(r"([A-Za-z_]\w*)\s*\Z")
_KNOWN = frozenset({REGISTER, REGISTER_FMODRET, "memcpy", "memmove", "memset", "ARRAY_SIZE"})
_NO_CALLS = frozenset({"if", "while", "for", "switch", "return", "sizeof", "typeof", "alignof"})
_MAX_NAME = 200  # characters of a name


@dataclass(frozen=True, slots=True)
class HandedOn:
    """A kfunc id set by the name that a function gives on, and the call in words."""

    name: str
    place: Place
    call: str


def find_handed_on(
    code: Code, files: Iterable[str], followed: Collection[str]
) -> Iterator[HandedOn]:
    """Return the kfunc id sets that go to calls of others than functions that are `followed`."""
    for file in files:
        source = code.source(file)
        names = set(_DECLARED.findall(source.code)) if source else set()
        for name in sorted(names):
            word = re.compile(rf"{name}(?<!\w{name})\b")
            for item in code.items(file):
                if not item.function or name not in item.text:
                    continue
                for match in word.finditer(item.text, item.brace):
                    callee = _find_callee(item.text, match.start())
                    if callee is not None and callee not in _KNOWN and callee not in followed:
                        place = Place(file, item.line_at(match.start()))
                        yield HandedOn(name, place, f"{callee or 'a pointer'}(… {name} …)")


def _find_callee(text: str, offset: int) -> str | None:
    """Return what is called with what stands at an offset: "" for no name, None for no call."""
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
                return None if name[1] in _NO_CALLS else name[1]
            if before.endswith(")"):
                return ""
        elif not depth:
            return None
    return None
