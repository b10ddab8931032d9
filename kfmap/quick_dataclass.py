"""Dataclasses that are made without compiling anything, and without the standard library's module.

`dataclasses.dataclass` writes and compiles up to six functions for every class while its module is
imported, and the module itself imports `inspect`: together a third of the start of `kfmap verify`,
behind which there are two hundred such classes. Here the methods are the same for all classes and
know their fields; a class whose records are made again and again gets an `__init__` of its own in
the end, which makes them twice as fast. Type checkers see the standard decorator, whose behaviour
this has. What `dataclasses.fields()` and its like ask for is made when it is first asked for; what
inherits from such a class must be made by this decorator, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter, ge, gt, le, lt
from typing import TYPE_CHECKING, Any

OFTEN = 100  # records of a class, after which compiling its __init__ has paid for itself
_NOTHING: Any = object()  # no default

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import replace as replace
else:

    def dataclass(
        cls: type | None = None, *, frozen: bool = False, slots: bool = False, order: bool = False
    ) -> Any:
        """Do as `dataclasses.dataclass` with these arguments."""

        def decorate(cls: type) -> type:
            own = _own_fields(cls)
            made = _with_slots(cls, own) if slots else _without_placeholders(cls, own)
            inherited = {item.name: item for item in getattr(cls, "__quick_fields__", ())}
            made.__quick_fields__ = tuple({**inherited, **own}.values())
            _add_methods(made, frozen, slots)
            if order:
                _add_order(made)
            return made

        return decorate if cls is None else decorate(cls)

    def field(
        *, default_factory: Callable[[], Any], compare: bool = True, repr: bool = True
    ) -> Any:
        """Do as `dataclasses.field` with these arguments."""
        return _Field("", _NOTHING, default_factory, compare, repr)

    def replace(record: Any, **changes: Any) -> Any:
        """Do as `dataclasses.replace`."""
        if not is_record(record):
            from dataclasses import replace as replace_in_standard

            return replace_in_standard(record, **changes)
        return type(record)(
            **{**{name: getattr(record, name) for name in field_names(record)}, **changes}
        )


def is_record(value: object) -> bool:
    """Return whether a value is a record of such a class, or one of these classes."""
    return hasattr(value, "__quick_fields__")


def field_names(record: object) -> tuple[str, ...]:
    """Return the names of the fields of a record, or of its class; none of what is neither."""
    return tuple(item.name for item in getattr(record, "__quick_fields__", ()))


class _Field:
    """A field: its default or what makes it, and whether it counts in comparisons and texts."""

    __slots__ = ("compare", "default", "factory", "name", "repr")

    def __init__(
        self, name: str, default: Any, factory: Any = None, compare: bool = True, repr: bool = True
    ) -> None:
        self.name = name
        self.default = default
        self.factory = factory
        self.compare = compare
        self.repr = repr


class _StandardFields:
    """What the standard library keeps in a dataclass, made when it is first asked for."""

    def __get__(self, record: object, cls: Any) -> Any:
        from dataclasses import field as standard_field
        from dataclasses import make_dataclass

        named = []
        for item in cls.__quick_fields__:
            given: dict[str, Any] = {"compare": item.compare, "repr": item.repr}
            if item.factory is not None:
                given["default_factory"] = item.factory
            elif item.default is not _NOTHING:
                given["default"] = item.default
            named.append((item.name, _annotation(cls, item.name), standard_field(**given)))
        made: Any = make_dataclass(cls.__name__, named, init=False, repr=False, eq=False)
        cls.__dataclass_fields__ = made.__dataclass_fields__
        return made.__dataclass_fields__


def _annotation(cls: type, name: str) -> Any:
    return next(
        vars(base)["__annotations__"][name]
        for base in cls.__mro__
        if name in vars(base).get("__annotations__", ())
    )


def _own_fields(cls: type) -> dict[str, _Field]:
    """Return the fields that a class adds, by name. Raises TypeError for what is not known here."""
    own: dict[str, _Field] = {}
    for name, annotation in vars(cls).get("__annotations__", {}).items():
        default = vars(cls).get(name, _NOTHING)
        if "ClassVar" in str(annotation) or type(default).__name__ == "Field":
            raise TypeError(f"{cls.__name__}.{name}: use field() of this module, and no ClassVar")
        if isinstance(default, _Field):
            default.name = name
            own[name] = default
        else:
            own[name] = _Field(name, default)
    return own


def _without_placeholders(cls: Any, own: Iterable[str]) -> Any:
    for name in own:
        if isinstance(vars(cls).get(name), _Field):
            delattr(cls, name)
    return cls


def _with_slots(cls: Any, own: Iterable[str]) -> Any:
    """Return a class like another whose records have no dictionary."""
    has = {name for base in cls.__mro__[1:] for name in vars(base).get("__slots__", ())}
    body = dict(vars(cls))
    for name in (*own, "__dict__", "__weakref__"):
        body.pop(name, None)
    body["__slots__"] = tuple(name for name in own if name not in has)
    made = type(cls)(cls.__name__, cls.__bases__, body)
    made.__qualname__ = cls.__qualname__
    return made


def _add_methods(cls: Any, frozen: bool, slots: bool) -> None:
    fields = cls.__quick_fields__
    own = set(vars(cls))
    cls.__dataclass_fields__ = _StandardFields()
    names = tuple(item.name for item in fields)
    type.__setattr__(cls, "__match_args__", names)  # type checkers think that it is fixed
    if "__init__" not in own:
        cls.__init__ = _make_init(cls, fields, frozen, slots)
    if "__repr__" not in own:
        cls.__repr__ = _make_repr([item.name for item in fields if item.repr])
    if "__eq__" not in own:
        values = _values_of([item.name for item in fields if item.compare])
        cls.__eq__, cls.__hash__ = _make_eq(values), _make_hash(values) if frozen else None
    if frozen:
        cls.__setattr__, cls.__delattr__ = _refuse_to_set, _refuse_to_delete
    if slots:
        cls.__getstate__, cls.__setstate__ = _get_state, _set_state


def _add_order(cls: Any) -> None:
    values = _values_of([item.name for item in cls.__quick_fields__ if item.compare])
    for name, compare in (("__lt__", lt), ("__le__", le), ("__gt__", gt), ("__ge__", ge)):
        setattr(cls, name, _make_comparison(values, compare))


def _make_comparison(
    values: Callable[[Any], Any], compare: Callable[[Any, Any], bool]
) -> Callable[[Any, object], Any]:
    def __compare__(self: Any, other: object) -> Any:
        if type(other) is not type(self):
            return NotImplemented
        return compare(values(self), values(other))

    return __compare__


def _puts(cls: Any, fields: Iterable[_Field], slots: bool) -> list[Callable[[Any, Any], None]]:
    """Return what sets each field of a record, frozen or not."""
    if slots:
        return [getattr(cls, item.name).__set__ for item in fields]
    return [_put_into_dictionary(item.name) for item in fields]


def _put_into_dictionary(name: str) -> Callable[[Any, Any], None]:
    def put(self: Any, value: Any) -> None:
        self.__dict__[name] = value

    return put


def _make_init(
    cls: Any, fields: tuple[_Field, ...], frozen: bool, slots: bool
) -> Callable[..., None]:
    puts = _puts(cls, fields, slots)
    count = len(fields)
    finish = getattr(cls, "__post_init__", None)
    left = OFTEN

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        nonlocal left
        left -= 1
        if not left:
            cls.__init__ = _compile_init(fields, _assignments(fields, frozen, slots), puts, finish)
        if kwargs or len(args) != count:
            args = _complete(cls.__name__, fields, args, kwargs)
        for put, value in zip(puts, args, strict=True):
            put(self, value)
        if finish is not None:
            finish(self)

    return __init__


def _assignments(fields: tuple[_Field, ...], frozen: bool, slots: bool) -> list[str]:
    """Return the quickest code that sets each field to what stands for `{}`."""
    if not slots:
        return [f"self.__dict__[{item.name!r}] = {{}}" for item in fields]
    if not frozen:
        return [f"self.{item.name} = {{}}" for item in fields]
    return [f"_put{at}(self, {{}})" for at in range(len(fields))]


def _compile_init(
    fields: tuple[_Field, ...],
    assignments: list[str],
    puts: list[Callable[[Any, Any], None]],
    finish: Any,
) -> Callable[..., None]:
    """Return an `__init__` that takes half the time for each record that is made."""
    names: dict[str, Any] = {"_nothing": _NOTHING, "_finish": finish}
    parameters, lines = ["self"], []
    for at, (item, put) in enumerate(zip(fields, puts, strict=True)):
        names[f"_put{at}"], names[f"_default{at}"] = put, item.default
        value = item.name
        if item.factory is not None:
            names[f"_make{at}"] = item.factory
            value = f"_make{at}() if {item.name} is _nothing else {item.name}"
        optional = item.factory is not None or item.default is not _NOTHING
        parameters.append(f"{item.name}=_default{at}" if optional else item.name)
        lines.append(f" {assignments[at].format(value)}")
    lines.append(" _finish(self)" if finish is not None else " pass")
    text = "\n".join([f"def __init__({', '.join(parameters)}):", *lines])
    exec(text, names)  # noqa: S102  # names of fields are identifiers of our own source
    made: Callable[..., None] = names["__init__"]
    return made


def _complete(
    name: str, fields: tuple[_Field, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, ...]:
    """Return a value for every field. Raises TypeError as Python does for any function."""
    values = list(args)
    for item in fields[len(args) :]:
        if item.name in kwargs:
            values.append(kwargs.pop(item.name))
        elif item.factory is not None:
            values.append(item.factory())
        elif item.default is not _NOTHING:
            values.append(item.default)
        else:
            raise TypeError(f"{name}() is missing the argument {item.name!r}")
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
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _get_state(self: Any) -> list[Any]:
    return [getattr(self, item.name) for item in self.__quick_fields__]


def _set_state(self: Any, state: list[Any]) -> None:
    for item, value in zip(self.__quick_fields__, state, strict=True):
        object.__setattr__(self, item.name, value)
