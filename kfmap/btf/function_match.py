"""Whether one function may stand in for another, by the BTF of both.

Mirrors btf_check_func_type_match() of kernel/bpf/btf.c, alike in every tree from 6.1 to 7.3.
"""

from __future__ import annotations

from kfmap.btf.kinds import COMPOSITE, ENUMS, Kind
from kfmap.btf.read import Btf, BtfError

_WITH_SIZE = COMPOSITE | ENUMS | {Kind.INT, Kind.FLOAT, Kind.DATASEC}
_WORDS = {Kind.UNKN: "UNKNOWN"}  # of btf_kind_str[], where it is not the name of the kind


def find_mismatch(new: Btf, new_function: int, old: Btf, old_function: int) -> str:
    """Return why the function `new_function` cannot replace `old_function`, each the id of a FUNC,
    in the kernel's words; "" where it can.

    Linkage is not looked at. Raises BtfError where either is no function.
    """
    name, replaced = new.name(new_function), old.name(old_function)
    prototype, other = new.type_of(new_function), old.type_of(old_function)
    taken, expected = new.params(prototype), old.params(other)
    if len(taken) != len(expected):
        return f"{name}() has {len(taken)} args while {replaced}() has {len(expected)} args"
    result, wanted = new.resolve(new.type_of(prototype)), old.resolve(old.type_of(other))
    if _info(new, result) != _info(old, wanted):
        return (
            f"Return type {_word(new, result)} of {name}() doesn't match type "
            f"{_word(old, wanted)} of {replaced}()"
        )
    for at, (mine, theirs) in enumerate(zip(taken, expected, strict=True)):
        told = _compare(at, (new, mine.type_id, name), (old, theirs.type_id, replaced))
        if told:
            return told
    return ""


def _compare(at: int, mine: tuple[Btf, int, str], theirs: tuple[Btf, int, str]) -> str:
    """Compare an argument of both functions: types, id and name of the function."""
    new, given, name = mine
    old, wanted, replaced = theirs
    first, second = new.resolve(given), old.resolve(wanted)
    if _info(new, first) != _info(old, second):
        return (
            f"arg{at} in {name}() is {_word(new, first)} while {replaced}() has "
            f"{_word(old, second)}"
        )
    if new.kind(first) in _WITH_SIZE and new.size(first) != old.size(second):
        return (
            f"arg{at} in {name}() has size {new.size(first)} while {replaced}() has "
            f"{old.size(second)}"
        )
    if new.kind(first) is Kind.INT or new.kind(first) in ENUMS:
        return ""
    if new.kind(first) is not Kind.PTR:
        return f"arg{at} in {name}() has unrecognized type"
    first, second = new.resolve(new.type_of(first)), old.resolve(old.type_of(second))
    for types, struct, whose in ((new, first, name), (old, second, replaced)):
        if types.kind(struct) not in COMPOSITE:
            return f"arg{at} in {whose}() is not a pointer to context"
    if new.name(first) != old.name(second):
        return (
            f"arg{at} {name}(struct {new.name(first)} *) doesn't match "
            f"{replaced}(struct {old.name(second)} *)"
        )
    return ""


def _info(types: Btf, type_id: int) -> tuple[Kind, bool, int]:
    """Return what the word `info` of struct btf_type holds."""
    return types.kind(type_id), types.kind_flag(type_id), types.vlen(type_id)


def _word(types: Btf, type_id: int) -> str:
    kind = types.kind(type_id)
    return _WORDS.get(kind, kind.name)


def struct_of_argument(types: Btf, function: int, number: int) -> str | None:
    """Return the name of the struct that an argument points to, None where it does to none."""
    try:
        pointer = types.resolve(types.params(types.type_of(function))[number].type_id)
        struct = types.resolve(types.type_of(pointer)) if types.kind(pointer) is Kind.PTR else 0
        return types.name(struct) if types.kind(struct) in COMPOSITE else None
    except (BtfError, IndexError):
        return None
