"""Quick dataclasses behave as those of the standard library do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict
from typing import Any

import pytest

from kfmap import quick_dataclass
from kfmap.quick_dataclass import field, replace


@quick_dataclass.dataclass(frozen=True, slots=True)
class Place:
    """A place."""

    file: str
    line: int = 0
    notes: tuple[str, ...] = ()
    seen: list[int] = field(default_factory=list, compare=False, repr=False)


@quick_dataclass.dataclass(frozen=True, slots=True)
class Often:
    """One whose records are made so often that it gets the standard `__init__`."""

    file: str
    line: int = 0
    notes: tuple[str, ...] = ()
    seen: list[int] = field(default_factory=list, compare=False, repr=False)


QUICK_INIT = vars(Often)["__init__"]
for _ in range(quick_dataclass.OFTEN):
    Often("a")


@dataclasses.dataclass(frozen=True, slots=True)
class Standard:
    """The same, made by the standard library."""

    file: str
    line: int = 0
    notes: tuple[str, ...] = ()
    seen: list[int] = dataclasses.field(default_factory=list, compare=False, repr=False)


@quick_dataclass.dataclass(frozen=True, slots=True)
class Named(Place):
    """A place with a name of its own."""

    name: str = "none"

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name.upper())


@quick_dataclass.dataclass(frozen=True, slots=True)
class Empty:
    """One without fields."""


@pytest.mark.parametrize(
    "use",
    [
        lambda cls: repr(cls("a", 3)).partition("(")[2],
        lambda cls: cls("a", 3) == cls("a", 3, seen=[1]),
        lambda cls: cls("a", 3) == cls("a", 4),
        lambda cls: cls("a") == ("a", 0, ()),
        lambda cls: hash(cls("a", 3)) == hash(cls("a", 3, (), [5])),
        lambda cls: asdict(cls("a", notes=("x",))),
        lambda cls: asdict(cls(file="a", line=2)),
        lambda cls: asdict(replace(cls("a"), line=7)),
        lambda cls: [item.name for item in dataclasses.fields(cls)],
        lambda cls: cls.__match_args__,
        lambda cls: hasattr(cls("a"), "__dict__"),
        lambda cls: asdict(copy.copy(cls("a", 9))),
        lambda cls: asdict(copy.deepcopy(cls("a", 9))),
        lambda cls: asdict(pickle.loads(pickle.dumps(cls("a", 9)))),
    ],
)
def test_it_does_what_the_standard_one_does(use: Callable[[Any], object]) -> None:
    assert use(Place) == use(Often) == use(Standard)


def test_what_is_made_often_is_made_by_the_standard_init() -> None:
    assert vars(Often)["__init__"] is not QUICK_INIT
    assert vars(Often)["__init__"].__code__.co_varnames[:3] == ("self", "file", "line")


@pytest.mark.parametrize(
    ("use", "error"),
    [
        (lambda cls: setattr(cls("a"), "file", "b"), FrozenInstanceError),
        (lambda cls: delattr(cls("a"), "file"), FrozenInstanceError),
        (lambda cls: cls(), TypeError),
        (lambda cls: cls("a", wrong=1), TypeError),
        (lambda cls: cls("a", file="b"), TypeError),
        (lambda cls: cls("a", 1, (), [], 5), TypeError),
        (lambda cls: hash(cls("a", notes=[])), TypeError),
    ],
)
def test_it_refuses_what_the_standard_one_refuses(
    use: Callable[[Any], object], error: type[Exception]
) -> None:
    for cls in (Place, Often, Standard):
        with pytest.raises(error):
            use(cls)


def test_default_of_a_factory_is_not_shared() -> None:
    first, second = Place("a"), Place("a")
    first.seen.append(1)
    assert second.seen == []


def test_class_inherits_fields_and_is_finished_by_its_own_method() -> None:
    named = Named("a", 2, name="door")
    assert (named.file, named.line, named.name) == ("a", 2, "DOOR")
    assert named != Place("a", 2)
    assert dataclasses.is_dataclass(named)


def test_class_without_fields_has_one_value() -> None:
    assert Empty() == Empty()
    assert hash(Empty()) == hash(Empty())
    assert repr(Empty()) == "Empty()"
