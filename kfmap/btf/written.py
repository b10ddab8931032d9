"""Does a prototype of an object fit one that is known as C text alone, as of a kfunc of a module?

Compares what compat.py compares, as far as the text tells: the number of arguments, how many
pointers each has, and the kind of what is behind them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from kfmap.btf.compat import MAX_LEVEL, count_arguments, kinds_are_compatible
from kfmap.btf.declare import declare
from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf, BtfError

_PROTOTYPE = re.compile(r"(?P<returned>[^()]*?)\w+\((?P<arguments>[^()]*)\)")
_BASE = re.compile(r"(?:const |volatile )*(?P<first>\w+)")
_KINDS = {"struct": Kind.STRUCT, "union": Kind.UNION, "enum": Kind.ENUM, "void": Kind.UNKN}
_INTEGERS = frozenset(["bool", "char", "short", "int", "long", "unsigned", "signed", "size_t"]) | {
    f"{sign}{bits}" for sign in ("u", "s", "__u", "__s") for bits in (8, 16, 32, 64)
}
_IMPLICIT = "struct bpf_prog_aux *"  # since KF_IMPLICIT_ARGS BTF may leave it out


class _Written(NamedTuple):
    """A type that is written: its pointers, and the kind behind them."""

    pointers: int
    kind: Kind
    text: str


def explain_written(local: Btf, type_id: int, prototype: str) -> str:
    """Return where a FUNC of an object differs from a C prototype, "" where that is not told."""
    found = _PROTOTYPE.fullmatch(prototype)
    if found is None or _IMPLICIT in prototype:
        return ""
    arguments = [item.strip() for item in found["arguments"].split(",")]
    expected = [] if arguments in ([""], ["void"]) else arguments
    try:
        ours = local.type_of(type_id) if local.kind(type_id) is Kind.FUNC else type_id
        return _explain(local, ours, expected, found["returned"])
    except BtfError:
        return ""


def _explain(local: Btf, ours: int, expected: list[str], returned: str) -> str:
    params = local.params(ours)
    if len(params) != len(expected):
        return (
            f"it is declared with {count_arguments(len(params))}, the kernel's takes "
            f"{len(expected)}"
        )
    for number, (param, text) in enumerate(zip(params, expected, strict=True), 1):
        its = _read(re.sub(r"\w+$", "", text))
        if its and not _fits(local, param.type_id, its):
            named = f"argument {number}" + (f" ({param.name})" if param.name else "")
            return f"{named} is {declare(local, param.type_id)}, the kernel's is {its.text}"
    its, result = _read(returned), local.type_of(ours)
    if its is None or _fits(local, result, its):
        return ""
    return f"it returns {declare(local, result)}, the kernel's returns {its.text}"


def _read(text: str) -> _Written | None:
    """Read a type without a name, None where its kind is not told, as that of a typedef."""
    base = _BASE.match(text)
    if base is None or "[" in text:
        return None
    kind = Kind.INT if base["first"] in _INTEGERS else _KINDS.get(base["first"])
    return None if kind is None else _Written(text.count("*"), kind, text.strip())


def _fits(local: Btf, type_id: int, its: _Written) -> bool:
    pointers, type_id = 0, local.resolve(type_id)
    while local.kind(type_id) is Kind.PTR and pointers < MAX_LEVEL:
        pointers, type_id = pointers + 1, local.resolve(local.type_of(type_id))
    kind = local.kind(type_id)
    if pointers != its.pointers:
        return False
    # the module's BTF may know a struct by name alone, too
    return kind is Kind.FWD or kinds_are_compatible(kind, its.kind)
