"""Causes that a reader takes for one: the same thing said of several kfuncs, functions, externs.

A kernel that lacks a module lacks all of its kfuncs, and what is not known of a kernel is not known
of any name. Each cause keeps its place and its fingerprint: only what is shown is put together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from kfmap.permission.name_list import MOST_NAMED, list_names
from kfmap.quick_dataclass import dataclass
from verifier.engine.reports.causes import Cause, Hit
from verifier.engine.reports.model import KIND_WORDS
from verifier.engine.result import FindingKind

# Names of kernels and programs have an underscore or a digit; words of a sentence have not.
_NAME = re.compile(r"\b[A-Za-z_]\w*[_0-9]\w*(?:#\d+)?")
_MOST_LIKEWISE = 50
_MOST_TRIED = 12  # names of a sentence that may be the one that differs
_ANY = "\0"  # stands for the name
_Shape = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """Causes alike on the same kernels with the same advice, in the order of causes; mostly one.

    `names` are what it is said of, one per cause; none for a single cause.
    """

    causes: tuple[Cause, ...]
    names: tuple[str, ...] = ()

    @property
    def first(self) -> Cause:
        """Return the cause that stands for all."""
        return self.causes[0]

    @property
    def hits(self) -> tuple[Hit, ...]:
        """Return its kernels, newest first, with the programs that any of its causes hits there."""
        merged = []
        for hits in zip(*(cause.hits for cause in self.causes), strict=True):
            programs = dict.fromkeys(name for hit in hits for name in hit.programs)
            merged.append(Hit(hits[0].kernel, tuple(programs), any(hit.whole for hit in hits)))
        return tuple(merged)

    @property
    def programs(self) -> tuple[str, ...]:
        """Return the programs that any of its causes hits on any kernel."""
        return tuple(dict.fromkeys(name for hit in self.hits for name in hit.programs))

    @property
    def headline(self) -> str:
        """Return what it says: of the kfuncs that it names, or as a sentence."""
        first = self.first
        if first.kind == FindingKind.LEFT_OUT:
            return f"Left out: {first.text}"
        if first.kfunc:
            return f"{list_names(self.names) or first.kfunc}: {KIND_WORDS[first.kind]}"
        return first.sentence

    @property
    def likewise(self) -> str:
        """Return all names where the headline has only some of them, as a sentence, else ""."""
        if self.first.kfunc:
            return f"These are {_all(self.names)}." if len(self.names) > MOST_NAMED else ""
        return f"The same holds for {_all(self.names[1:])}." if self.names else ""

    @property
    def suggestion(self) -> str:
        """Return what to do, "" where nothing is known."""
        said = self.first.example.suggestion
        if self.names and self.names[0] in said:
            return f"{said}; do the same with the others"
        return said


def _all(names: tuple[str, ...]) -> str:
    return list_names(names, most=_MOST_LIKEWISE)


def find_cards(causes: Sequence[Cause]) -> tuple[Card, ...]:
    """Return all of the causes as cards, in the order of their first ones."""
    if len(causes) == 1:
        return (Card(tuple(causes)),)
    groups: dict[_Shape, _Group] = {}
    made = []
    for cause in causes:
        shapes = dict(_shapes(cause))
        shape = next((item for item in shapes if item in groups and groups[item].takes(item)), None)
        if shape is not None:
            groups[shape].add(cause, shape, shapes[shape])
        else:
            made.append(_Group(cause, shapes))
            groups |= dict.fromkeys(shapes, made[-1])
    return tuple(group.card() for group in made)


class _Group:
    """Causes as they come; the second one settles which name it is that differs."""

    def __init__(self, cause: Cause, shapes: dict[_Shape, str]) -> None:
        self._causes = [cause]
        self._names: list[str] = []
        self._shapes = shapes

    def takes(self, shape: _Shape) -> bool:
        return shape in self._shapes

    def add(self, cause: Cause, shape: _Shape, name: str) -> None:
        if not self._names:
            self._names.append(self._shapes[shape])
            self._shapes = {shape: name}
        self._causes.append(cause)
        self._names.append(name)

    def card(self) -> Card:
        return Card(tuple(self._causes), tuple(self._names))


def _shapes(cause: Cause) -> Iterator[tuple[_Shape, str]]:
    """Return what a cause says without one of its names, and that name.

    Where a kfunc is the reason, the name is the kfunc's; else it may be any of the first names in
    the sentence.
    """
    said = cause.example.suggestion
    names = [cause.kfunc] if cause.kfunc else dict.fromkeys(_NAME.findall(cause.text))
    for name in islice(names, _MOST_TRIED):
        word = re.compile(rf"\b{re.escape(name)}(?=_impl\b|\b)")  # `NAME_impl` is another's, too
        texts = (word.sub(_ANY, cause.text), word.sub(_ANY, said))
        yield (cause.kind, *cause.kernels, *texts, *cause.example.legal_in), name
