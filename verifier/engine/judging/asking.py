"""Questions whose answers are found once, and noted whenever they are asked for.

Which ones there are says who is asked (`interview.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

Asked = tuple[Hashable, ...]  # the name of a question, and what it is about
Answers = dict[Asked, Any]

_P = ParamSpec("_P")
_Who = TypeVar("_Who", bound="Asking")
_Made = TypeVar("_Made")
_About = TypeVar("_About")
# What was found, and by which answers.
Memory = dict[Hashable, tuple[_Made, Answers]]
_FINDERS: dict[Hashable, Callable[..., object]] = {}


def question(
    find: Callable[Concatenate[_Who, _P], _Made],
) -> Callable[Concatenate[_Who, _P], _Made]:
    """Make a question of a method: its answer is found once, and noted whenever it is asked for.

    It takes positional arguments, which have to be the same for every kernel.
    """
    name = find.__name__
    _FINDERS[name] = find

    @wraps(find)
    def ask(self: _Who, /, *about: _P.args, **nothing: _P.kwargs) -> _Made:
        asked, known = (name, *about), self.answers
        if asked not in known:
            known[asked] = find(self, *about, **nothing)
        answer: _Made = known[asked]
        self.notes[asked] = answer
        return answer

    return ask


class Asking:
    """Who is asked. `answers`: all so far; `notes`: those since the notes were begun."""

    def __init__(self) -> None:
        self.answers: Answers = {}
        self.notes: Answers = {}

    def peek(self, asked: Asked) -> object:
        """Return an answer without noting it."""
        known = self.answers
        if asked not in known:
            known[asked] = _FINDERS[asked[0]](self, *asked[1:])
        return known[asked]

    def remember(
        self,
        memory: Memory[_Made],
        about: Hashable,
        find: Callable[[_About], _Made],
        what: _About,
    ) -> _Made:
        """Return what was found before, else find it; the answers that it took are noted again."""
        known = memory.get(about)
        if known is None:
            outer, self.notes = self.notes, {}
            try:
                made = find(what)
                known = memory[about] = made, self.notes
            finally:
                self.notes = outer
        self.notes.update(known[1])
        return known[0]
