"""Programs of other objects that programs attach to, where these objects are at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from kfmap.permission.section_names import UNKNOWN_TYPE
from kfmap.quick_dataclass import dataclass
from verifier.engine.object.model import BpfObject, ObjectError, Program
from verifier.engine.object.read import read_object

_NAMED = 10  # programs of an object that are told to whoever named another one


class TargetError(ValueError):
    """The program that is named as a target is not there, or of no type: says which and why."""


@dataclass(frozen=True, slots=True)
class AttachedTo:
    """A program of an object that another one attaches to: `number` is that of the program.

    `data`: the object's bytes. `function`: the function of it that the loader names, "" where that
    of the section counts.
    """

    data: bytes
    object: BpfObject
    number: int
    function: str = ""

    @property
    def program(self) -> Program:
        """Return the program."""
        return self.object.programs[self.number]


def find_targets(
    targets: Mapping[str, str], find_bytes: Callable[[str], bytes | None]
) -> dict[str, AttachedTo]:
    """Return, by program, those of targets OBJECT:PROGRAM or OBJECT:PROGRAM:FUNCTION whose object
    is found.

    Raises TargetError for what is no object, and for a program that it does not have, or of a type
    not known.
    """
    read = cache(lambda named: _read(named, find_bytes(named)))
    found: dict[str, AttachedTo] = {}
    for name, word in targets.items():
        for named, program, function in split_target(word):
            item = read(named)
            if item is not None:
                number = _find(item[1], named, program)
                found[name] = AttachedTo(*item, number, function)
                break
    return found


def _read(named: str, data: bytes | None) -> tuple[bytes, BpfObject] | None:
    try:
        return None if data is None else (data, read_object(data))
    except ObjectError as error:
        raise TargetError(f"{named} cannot be read: {error}") from error


def split_target(word: str) -> list[tuple[str, str, str]]:
    """Return how a target may name an object, its program, and "" or a function of that.

    >>> split_target("a.o:main:parse")
    [('a.o:main', 'parse', ''), ('a.o', 'main', 'parse')]
    """
    head, colon, last = word.rpartition(":")
    if not colon:
        return []
    named, colon, program = head.rpartition(":")
    return [(head, last, "")] + ([(named, program, last)] if colon else [])


def _find(obj: BpfObject, named: str, program: str) -> int:
    for number, item in enumerate(obj.programs):
        if item.name == program:
            if item.kind.program_type == UNKNOWN_TYPE:
                raise TargetError(f"the type of {program} in {named} is not known: give prog:TYPE")
            return number
    known = ", ".join(item.name for item in obj.programs[:_NAMED]) or "none"
    raise TargetError(f"{named} has no program {program!r}; it has {known}")
