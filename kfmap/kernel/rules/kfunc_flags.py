"""The flags of kfuncs, KF_*: include/linux/btf.h."""

from __future__ import annotations

import re

from kfmap.kernel.code import Code
from kfmap.kernel.facts import Constant

_BTF_H = "include/linux/btf.h"
_BTF_C = "kernel/bpf/btf.c"
# As nearly all are written: names, or nothing.
_PLAIN = re.compile(r"[\s()]*(?:0|KF_\w+(?:[\s()]*\|[\s()]*KF_\w+)*)?[\s()]*")


def read_kfunc_flags(code: Code) -> tuple[Constant, ...]:
    """Return the flags that a tree defines, by value and name."""
    source = code.source(_BTF_H)
    names = [n for n in (source.macros if source else {}) if n.startswith("KF_")]
    values = ((n, code.value(n, _BTF_C)) for n in names)
    found = [Constant(n, v) for n, v in values if v]
    return tuple(sorted(found, key=lambda c: (c.value, c.name)))


def read_flags(code: Code, text: str, file: str) -> tuple[str, ...] | None:
    """Return the names of the flags that an expression is; None where its value is not known."""
    source = code.source(file)
    if _PLAIN.fullmatch(text):
        names = tuple(part.strip("() \t\n") for part in text.split("|"))
        if source is None or source.defined.keys().isdisjoint(names):
            return tuple(name for name in names if name and name != "0")
    value = code.evaluate(text, file)
    single = [flag for flag in read_kfunc_flags(code) if flag.value & (flag.value - 1) == 0]
    if value is None or value & ~sum({flag.value for flag in single}):
        return None
    return tuple(flag.name for flag in single if flag.value & value)
