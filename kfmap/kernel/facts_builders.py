"""From plain JSON values to the records of kernel facts, checked against their annotations.

For every annotation a function is made once that takes a value and gives what the record holds;
where a value does not fit, the error collects its place on the way out.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Collection
from enum import StrEnum
from functools import cache
from typing import Any, TypeAlias

from kfmap.kernel import facts as facts_module
from kfmap.kernel import helper_form, program_facts, rule_form
from kfmap.kernel.place import Place
from kfmap.quick_dataclass import is_record

Builder: TypeAlias = Callable[[Any], Any]

UNION_KINDS: dict[str, type] = {
    cls.__name__: cls
    for module in (rule_form, helper_form)
    for cls in vars(module).values()
    if isinstance(cls, type) and is_record(cls)
}


class MisfitError(ValueError):
    """A value is not what the annotation says; `path` leads to it, such as .kfuncs[3].name."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = ""

    def inside(self, step: str) -> MisfitError:
        """Return the same error, one step further out."""
        self.path = step + self.path
        return self


@cache
def find_builder(kind: Any) -> Builder:
    """Return what builds values of an annotation; it raises MisfitError."""
    if kind is Place:
        return _build_place
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return _list_builder(args[0]) if args[-1] is Ellipsis else _row_builder(args)
    if origin in (types.UnionType, typing.Union):
        return _union_builder(args)
    if is_record(kind):
        return _record_builder(kind)
    if issubclass(kind, StrEnum):
        return _word_builder(kind)
    return _plain_builder(kind)


@cache
def _resolve(annotation: str) -> Any:
    """Return what an annotation means; few differ, and evaluating one takes as long as using it."""
    modules = (rule_form, helper_form, program_facts, facts_module)
    names = {name: value for module in modules for name, value in vars(module).items()}
    return eval(annotation, names)  # noqa: S307  # it stands in our own source


def _plain_builder(kind: type) -> Builder:
    def build(value: Any) -> Any:
        if type(value) is not kind:
            raise MisfitError(f"expected {kind.__name__}")
        return value

    return build


def _word_builder(kind: type[StrEnum]) -> Builder:
    def build(value: Any) -> StrEnum:
        try:
            return kind(value)
        except ValueError as error:
            raise MisfitError(f"expected one of {', '.join(kind)}") from error

    return build


def _build_place(value: Any) -> Place:
    file, _, line = str(value).rpartition(":")
    if not file or not line.isdigit():
        raise MisfitError("expected file:line")
    return Place(file, int(line))


def _list_builder(kind: Any) -> Builder:
    item_builder = find_builder(kind)

    def build(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise MisfitError("expected a list")
        built: list[Any] = []
        try:
            for item in value:
                built.append(item_builder(item))  # the length says which failed
        except MisfitError as error:
            raise error.inside(f"[{len(built)}]") from None
        return tuple(built)

    return build


def _row_builder(kinds: tuple[Any, ...]) -> Builder:
    builders = [find_builder(kind) for kind in kinds]

    def build(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise MisfitError("expected a list")
        if len(builders) != len(value):
            raise MisfitError(f"expected {len(builders)} items")
        built: list[Any] = []
        try:
            for builder, item in zip(builders, value, strict=True):
                built.append(builder(item))
        except MisfitError as error:
            raise error.inside(f"[{len(built)}]") from None
        return tuple(built)

    return build


def _union_builder(kinds: tuple[Any, ...]) -> Builder:
    optional = type(None) in kinds
    first = next(kind for kind in kinds if kind is not type(None))

    def build(value: Any) -> Any:
        if value is None and optional:
            return None
        if isinstance(value, dict) and "is" in value:
            chosen = UNION_KINDS.get(str(value["is"]))
            if chosen is None:
                raise MisfitError(f"unknown kind {value['is']!r}")
            return find_builder(chosen)(value)
        return find_builder(first)(value)

    return build


def _record_builder(cls: Any) -> Builder:
    annotations = cls.__annotations__
    builders: dict[str, Builder] = {}  # filled in as keys come up: records hold one another

    def build(value: Any) -> Any:
        if not isinstance(value, dict):
            raise MisfitError("expected an object")
        given: dict[str, Any] = {}
        key = ""
        try:
            for key, item in value.items():
                if key not in builders and key != "is":
                    if key not in annotations:
                        raise MisfitError(f"unknown key {key!r}")
                    builders[key] = find_builder(_resolve(annotations[key]))
                if key != "is":
                    given[key] = builders[key](item)
        except MisfitError as error:
            unknown = key not in annotations
            raise (error if unknown else error.inside(f".{key}")) from None
        try:
            if len(given) == len(annotations):
                return cls(*map(given.__getitem__, annotations))  # names need not be matched
            return cls(**given)
        except TypeError as error:
            raise MisfitError(_name_missing(cls, given) or str(error)) from error

    return build


def _name_missing(cls: Any, given: Collection[str]) -> str:
    """Return which parts a record lacks, "" where it has all that it needs."""
    from dataclasses import MISSING, fields  # takes long, and few facts lack anything

    lacks = [
        field.name
        for field in fields(cls)
        if field.name not in given and field.default is field.default_factory is MISSING
    ]
    return f"{', '.join(lacks)} missing" if lacks else ""
