"""Kfunc id sets: each `struct btf_kfunc_id_set` of a file, however it is initialised.

One that the code fills in or copies over while it runs is `written`: what it holds is known only to
who runs the code that does it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kfmap.kernel.code import Code
from kfmap.kernel.facts import Place
from kfmap.kernel.items import Item
from kfmap.kernel.rules.initializers import Held, read_variable
from kfmap.kernel.source import substitute
from kfmap.kernel.syntax import (
    arguments_of,
    called_name,
    field_of,
    parse_expression,
    strip_parentheses,
    text_of,
)
from kfmap.quick_dataclass import dataclass, replace

_DECLARED = re.compile(
    r"\bstruct\s+btf_kfunc_id_set\s+(\w+)\s*(\[[^\]]*\])?"
    r"\s*(?:__\w+\s*(?:\([^)]*\)\s*)?)*(=(?!=)|;|,)"
)
_WRITTEN = re.compile(r"(?:\.|->)\s*(?:\w*set|filter)\s*=(?!=)|\bmem(?:cpy|move|set)\s*\(")
_WEAK = re.compile(r"\b(?:__)?weak\b")
_MAX_SETS = 500  # in one file
_MAX_STEPS = 10  # casts, macros and choices around a filter
# "bpf: Switch to new kfunc flags infrastructure" gave each entry of one set its flags (6.0).
# Before, a kfunc id set had a set per property: struct btf_kfunc_id_set, include/linux/btf.h of
# 5.18 and 5.19. `set`, and `check_set` there, is what may be called at all.
CHECKED = ("set", "check_set")
FLAG_SETS = {
    "acquire_set": "KF_ACQUIRE",
    "release_set": "KF_RELEASE",
    "ret_null_set": "KF_RET_NULL",
    "kptr_acquire_set": "KF_KPTR_GET",
}


@dataclass(frozen=True, slots=True)
class KfuncIdSet:
    """A `struct btf_kfunc_id_set`: the names of its set and its filter ("" for none).

    `flag_sets` are (flag, name of a set) of the trees whose entries have no flags of their own.
    `is_known` is False where its initialiser was not read. `writers` are the functions that may
    change it.
    """

    name: str
    set: str
    filter: str
    place: Place
    flag_sets: tuple[tuple[str, str], ...] = ()
    is_known: bool = True
    writers: tuple[str, ...] = ()


def find_kfunc_id_sets(code: Code, file: str) -> Iterator[KfuncIdSet]:
    """Return the kfunc id sets that a file defines; those of an array by name and index."""
    for item in code.items(file):
        if "btf_kfunc_id_set" not in item.text or item.function:
            continue
        for match in _DECLARED.finditer(item.text):
            if "extern" not in item.text[: match.start()].split(";")[-1]:
                yield from _read(code, item, match)


def make_kfunc_id_set(name: str, held: Held | None, place: Place) -> KfuncIdSet:
    """Return a kfunc id set from what its fields hold."""
    if held is None or isinstance(held, str):
        return KfuncIdSet(name, "", "", place, is_known=False)
    plain = {field: plain_name(text) for field, text in held.items()}
    return KfuncIdSet(
        name,
        next((plain[field] for field in CHECKED if plain.get(field)), ""),
        plain.get("filter", ""),
        place,
        tuple((flag, plain[field]) for field, flag in FLAG_SETS.items() if plain.get(field)),
    )


def plain_name(text: str) -> str:
    """Return the name in `&name`, "" for NULL."""
    name = text.strip().lstrip("&").strip()
    return "" if name in ("NULL", "0") else name


def _read(code: Code, item: Item, match: re.Match[str]) -> Iterator[KfuncIdSet]:
    place = Place(item.file, item.line_at(match.start()))
    name, is_array = match[1], bool(match[2])
    writers = _find_writers(code, item, match)
    if _WEAK.search(item.text[: match.end()].split(";")[-1]):
        writers += ("__weak",)  # another one of its name takes its place
    if match[3] != "=":
        yield KfuncIdSet(name, "", "", place, writers=writers)
        return
    found = read_variable(code, item, name)
    elements = found.elements if found else ()
    if not elements:
        yield KfuncIdSet(name, "", "", place, is_known=False)
    for index, read in enumerate(elements[:_MAX_SETS]):
        held = read
        if isinstance(read, dict):
            meant = {True: resolve_function, False: _rename}
            held = {
                field: meant[field == "filter"](code, text, item.file, place.line)
                for field, text in read.items()
            }
        made = make_kfunc_id_set(f"{name}[{index}]" if is_array else name, held, place)
        yield replace(made, writers=writers)


def resolve_function(code: Code, text: str, file: str, line: int) -> str:
    """Return the function in a cast, a macro or a choice by options; else the text as it is."""
    node = strip_parentheses(parse_expression(text))
    for _ in range(_MAX_STEPS):
        parts = [field_of(node, name) for name in ("condition", "consequence", "alternative")]
        condition, taken, other = parts
        if node.type == "cast_expression":
            inner = field_of(node, "value")
        elif condition is not None and taken is not None and other is not None:
            value = code.evaluate(text_of(condition), file)
            inner = None if value is None else taken if value else other
        else:
            macro = code.macro(called_name(node) or text_of(node), file, line)
            if macro is None or (macro.parameters is None) is (node.type == "call_expression"):
                break
            inner = parse_expression(substitute(macro, [text_of(a) for a in arguments_of(node)]))
        if inner is None:
            return text
        node = strip_parentheses(inner)
    return text_of(node)


def _rename(code: Code, text: str, file: str, line: int) -> str:
    """Return `&name` with what a macro of the file makes of the name; else the text as it is."""
    source = code.source(file)
    name = plain_name(text)
    macro = source.macro_at(name, line) if source else None
    is_name = macro is not None and macro.parameters is None and macro.body.isidentifier()
    return f"&{macro.body}" if macro is not None and is_name else text


def _find_writers(code: Code, item: Item, match: re.Match[str]) -> tuple[str, ...]:
    """Return the functions of the file that may change a kfunc id set that is not constant."""
    if re.search(r"\bconst\b", item.text[: match.start()].split(";")[-1]):
        return ()
    name = re.escape(match[1])
    assigned = re.compile(rf"(?<![\w.>&*]){name}\s*(?:\[[^\]]*\]\s*)?=(?!=)")
    # The whole of it given to what can only be a macro: swap(a, b).
    given = re.compile(rf"\w\s*\([^;{{}}]*(?<![\w.>&*]){name}\s*[,)]")
    pointed = re.compile(rf"=\s*&{name}\b")
    is_pointed_at = any(not o.function and pointed.search(o.text) for o in code.items(item.file))
    return tuple(
        other.function
        for other in code.items(item.file)
        if other.function
        and (is_pointed_at or "btf_kfunc_id_set" in other.text or match[1] in other.text)
        and (_WRITTEN.search(other.text) or assigned.search(other.text) or given.search(other.text))
    )
