"""Write C declarations from BTF, as vmlinux.h has them: functions and any type."""

from __future__ import annotations

from kfmap.btf.kinds import COMPOSITE, ENUMS, MODIFIERS, Kind
from kfmap.btf.read import Btf, BtfError

_MAX_DEPTH = 32
_MAX_LENGTH = 4096
_KEYWORDS = {
    Kind.STRUCT: "struct",
    Kind.UNION: "union",
    Kind.ENUM: "enum",
    Kind.ENUM64: "enum",
    Kind.CONST: "const",
    Kind.VOLATILE: "volatile",
    Kind.RESTRICT: "restrict",
}


def declare_function(btf: Btf, type_id: int, name: str = "") -> str:
    """Declare a FUNC, or a FUNC_PROTO called `name`: `bool f(struct task_struct *p, u64 flags)`."""
    if btf.kind(type_id) is Kind.FUNC:
        name, type_id = name or btf.name(type_id), btf.type_of(type_id)
    return declare(btf, type_id, name)


def declare(btf: Btf, type_id: int, name: str = "") -> str:
    """Declare `name` with any type; without a name the result is how the type itself is written."""
    return _declare(btf, type_id, name, _MAX_DEPTH)


def _declare(btf: Btf, type_id: int, name: str, depth: int) -> str:
    """Wrap the declarator `name` from the inside out, until a type that has a name is left."""
    inner, qualifiers = name, ""
    for _ in range(depth):
        kind = btf.kind(type_id)
        if kind in MODIFIERS:
            if kind is not Kind.TYPE_TAG:
                qualifiers += _KEYWORDS[kind] + " "
            type_id = btf.type_of(type_id)
            continue
        if kind is Kind.PTR:
            inner, qualifiers = f"*{qualifiers}{inner}".rstrip(), ""
            type_id = btf.type_of(type_id)
        elif kind is Kind.ARRAY:
            type_id, _, length = btf.array(type_id)
            inner = f"{_grouped(inner)}[{length}]"
        elif kind is Kind.FUNC_PROTO:
            inner = f"{_grouped(inner)}({_params(btf, type_id, depth - 1)})"
            type_id = btf.type_of(type_id)
        else:
            return (qualifiers + _named(btf, type_id) + " " + inner).rstrip()
        if len(inner) > _MAX_LENGTH:
            break
    raise BtfError(f"the declaration of {name or 'a type'} is too deep or too long")


def _grouped(declarator: str) -> str:
    return f"({declarator})" if declarator.startswith("*") else declarator


def _params(btf: Btf, proto: int, depth: int) -> str:
    params = btf.params(proto)
    if not params:
        return "void"
    return ", ".join(
        _declare(btf, type_id, name, depth) if type_id else "..." for name, type_id in params
    )


def _named(btf: Btf, type_id: int) -> str:
    kind, name = btf.kind(type_id), btf.name(type_id)
    if type_id == 0:
        return "void"
    if kind is Kind.FWD:
        return ("union " if btf.kind_flag(type_id) else "struct ") + name
    if kind in COMPOSITE or kind in ENUMS:
        return f"{_KEYWORDS[kind]} {name or '{ ... }'}"
    return name or f"/* {kind.name} {type_id} */"
