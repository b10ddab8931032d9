"""Frozen dataclasses with slots that are made without compiling anything.

`dataclasses.dataclass` writes and compiles six functions for every frozen class while its module is
imported: half a millisecond for each of the hundred classes behind `kfmap verify`, a third of its
start. Here the methods are the same for all classes and know their fields; a class whose records
are made again and again gets the standard `__init__` in the end, which makes them twice as fast.
Type checkers see the standard decorator, whose behaviour this has; what inherits from such a class
must be made by this decorator, too. For modules with many such classes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

OFTEN = 500  # records of a class, after which compiling its __init__ has paid for itself

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, frozen: bool, slots: bool) -> Callable[[type], type]:
        """Do as `dataclasses.dataclass(frozen=True, slots=True)`."""
        assert frozen and slots

        def decorate(cls: type) -> type:
            made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
            _add_methods(made)
            return made

        return decorate


def _add_methods(cls: Any) -> None:
    fields = dataclasses.fields(cls)
    assert all(field.init and not field.kw_only for field in fields)
    own = set(vars(cls))
    cls.__init__ = _make_init(cls, fields)
    if "__repr__" not in own:
        cls.__repr__ = _make_repr([field.name for field in fields if field.repr])
    if "__eq__" not in own:
        values = _values_of([field.name for field in fields if field.compare])
        cls.__eq__, cls.__hash__ = _make_eq(values), _make_hash(values)
    cls.__setattr__, cls.__delattr__ = _refuse_to_set, _refuse_to_delete
    cls.__getstate__, cls.__setstate__ = _get_state, _set_state


def _make_init(cls: Any, fields: tuple[dataclasses.Field[Any], ...]) -> Callable[..., None]:
    puts = [getattr(cls, field.name).__set__ for field in fields]  # of the slots
    count = len(fields)
    finish = getattr(cls, "__post_init__", None)
    left = OFTEN

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        nonlocal left
        left -= 1
        if not left:
            cls.__init__ = _compile_init(cls, fields)
        if kwargs or len(args) != count:
            args = _complete(cls.__name__, fields, args, kwargs)
        for put, value in zip(puts, args, strict=True):
            put(self, value)
        if finish is not None:
            finish(self)

    return __init__


def _compile_init(cls: Any, fields: tuple[dataclasses.Field[Any], ...]) -> Callable[..., None]:
    """Return the standard `__init__`, which takes half the time for each record that is made."""
    named = [
        (
            field.name,
            Any,
            dataclasses.field(default=field.default, default_factory=field.default_factory),
        )
        for field in fields
    ]
    own = {name: getattr(cls, name) for name in ("__post_init__",) if hasattr(cls, name)}
    made: Any = dataclasses.make_dataclass(
        cls.__name__, named, frozen=True, eq=False, repr=False, namespace=own
    )
    return made.__init__  # type: ignore[no-any-return]  # of a class that is made here


def _complete(
    name: str,
    fields: tuple[dataclasses.Field[Any], ...],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> tuple[Any, ...]:
    """Return a value for every field. Raises TypeError as Python does for any function."""
    values = list(args)
    for field in fields[len(args) :]:
        if field.name in kwargs:
            values.append(kwargs.pop(field.name))
        elif field.default is not dataclasses.MISSING:
            values.append(field.default)
        elif field.default_factory is not dataclasses.MISSING:
            values.append(field.default_factory())
        else:
            raise TypeError(f"{name}() is missing the argument {field.name!r}")
    if kwargs:
        raise TypeError(f"{name}() got an unexpected keyword argument {next(iter(kwargs))!r}")
    if len(values) > len(fields):
        raise TypeError(f"{name}() takes {len(fields)} arguments but {len(values)} were given")
    return tuple(values)


def _values_of(names: list[str]) -> Callable[[Any], object]:
    """Return what gives the values of these fields as one value that is compared and hashed."""
    return attrgetter(*names) if names else lambda _: ()


def _make_repr(names: list[str]) -> Callable[[Any], str]:
    def __repr__(self: Any) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({values})"

    return __repr__


def _make_eq(values: Callable[[Any], object]) -> Callable[[Any, object], bool]:
    def __eq__(self: Any, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return values(self) == values(other)

    return __eq__


def _make_hash(values: Callable[[Any], object]) -> Callable[[Any], int]:
    def __hash__(self: Any) -> int:
        return hash(values(self))

    return __hash__


def _refuse_to_set(self: object, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _get_state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
