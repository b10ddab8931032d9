"""Kernel facts as sorted, reviewable JSON and back; the hash of that text names the facts."""

from __future__ import annotations

import hashlib
import json
import types
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from kfmap.kernel import facts as facts_module
from kfmap.kernel import program_facts, rule_form
from kfmap.kernel.facts import KernelFacts, Place

FORMAT = 2
_READABLE = (1, 2)  # 1 lacks what program_facts.py describes: that part is then not known
_LINE = 160
_UNION_KINDS: dict[str, type] = {
    cls.__name__: cls
    for cls in vars(rule_form).values()
    if isinstance(cls, type) and is_dataclass(cls)
}


class FactsError(ValueError):
    """The text is not kernel facts of this format: says where."""


def render_facts(facts: KernelFacts) -> str:
    """Return the facts as JSON text, keys sorted, a line for each record that fits one."""
    body = {"format": FORMAT, "facts": _plain(facts)}
    return "".join(_lay_out(body, 0)) + "\n"


def hash_facts(facts: KernelFacts) -> str:
    """Return the SHA-256 (hex) of the facts, independent of layout."""
    text = json.dumps(_plain(facts), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def parse_facts(text: str | bytes) -> KernelFacts:
    """Read what `render_facts` wrote. Raises FactsError naming the part that does not fit."""
    try:
        body = json.loads(text)
    except ValueError as error:
        raise FactsError(f"not JSON: {error}") from error
    if not isinstance(body, dict) or body.get("format") not in _READABLE:
        raise FactsError(f"not kernel facts of format {FORMAT} or before")
    facts = _build(KernelFacts, body.get("facts"), "facts")
    assert isinstance(facts, KernelFacts)
    return facts


def _plain(value: Any) -> Any:
    if isinstance(value, Place):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        plain = {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
        if type(value).__name__ in _UNION_KINDS:
            plain["is"] = type(value).__name__
        return plain
    return value


def _lay_out(value: Any, depth: int) -> Iterator[str]:
    """Return the JSON of `value` in pieces: on one line where it fits, else an item a line."""
    line = json.dumps(value, sort_keys=True, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(line) + depth <= _LINE:
        yield line
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    separator = opening
    for key in sorted(value) if isinstance(value, dict) else range(len(value)):
        label = f"{json.dumps(key)}: " if isinstance(value, dict) else ""
        yield f"{separator}\n{' ' * (depth + 1)}{label}"
        yield from _lay_out(value[key], depth + 1)
        separator = ","
    yield f"\n{' ' * depth}{closing}"


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(
        cls, {**vars(rule_form), **vars(program_facts), **vars(facts_module)}
    )


def _build(kind: Any, value: Any, where: str) -> Any:
    if kind is Place:
        return _build_place(value, where)
    origin = typing.get_origin(kind)
    if origin is tuple:
        return _build_tuple(typing.get_args(kind), value, where)
    if origin in (types.UnionType, typing.Union):
        return _build_union(typing.get_args(kind), value, where)
    if isinstance(kind, type) and is_dataclass(kind):
        return _build_record(kind, value, where)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _build_word(kind, value, where)
    if type(value) is not kind:
        raise FactsError(f"{where}: expected {kind.__name__}")
    return value


def _build_word(kind: type[StrEnum], value: Any, where: str) -> StrEnum:
    try:
        return kind(value)
    except ValueError as error:
        raise FactsError(f"{where}: expected one of {', '.join(kind)}") from error


def _build_place(value: Any, where: str) -> Place:
    file, _, line = str(value).rpartition(":")
    if not file or not line.isdigit():
        raise FactsError(f"{where}: expected file:line")
    return Place(file, int(line))


def _build_tuple(args: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise FactsError(f"{where}: expected a list")
    kinds = [args[0]] * len(value) if args[-1] is Ellipsis else args
    if len(kinds) != len(value):
        raise FactsError(f"{where}: expected {len(kinds)} items")
    return tuple(
        _build(kind, item, f"{where}[{i}]")
        for i, (kind, item) in enumerate(zip(kinds, value, strict=True))
    )


def _build_union(args: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in args:
        return None
    if isinstance(value, dict) and "is" in value:
        chosen = _UNION_KINDS.get(str(value["is"]))
        if chosen is None:
            raise FactsError(f"{where}: unknown kind {value['is']!r}")
        return _build_record(chosen, value, where)
    rest = [arg for arg in args if arg is not type(None)]
    return _build(rest[0], value, where)


def _build_record(cls: type, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise FactsError(f"{where}: expected an object")
    hints = _hints(cls)
    given = {key: item for key, item in value.items() if key != "is"}
    if unknown := given.keys() - hints.keys():
        raise FactsError(f"{where}: unknown key {min(unknown)!r}")
    try:
        return cls(
            **{key: _build(hints[key], item, f"{where}.{key}") for key, item in given.items()}
        )
    except TypeError as error:
        raise FactsError(f"{where}: {error}") from error
