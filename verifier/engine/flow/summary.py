"""What walking one function found: calls of kernel functions and of others, and the ways out."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from verifier.engine.flow.inputs import Answer, Key
from verifier.engine.flow.regions import Regions
from verifier.engine.flow.values import Value


class EdgeKind(StrEnum):
    """How a function is entered."""

    STATIC = "static"
    GLOBAL = "global"
    CALLBACK = "callback"  # while the caller waits: bpf_loop, rbtree
    TIMER = "timer"  # later, never sleepable
    WORK = "work"  # later, always sleepable
    PASSED = "passed"  # its address is taken and nothing says what for


STATIC, GLOBAL, CALLBACK = EdgeKind.STATIC, EdgeKind.GLOBAL, EdgeKind.CALLBACK
TIMER, WORK, PASSED = EdgeKind.TIMER, EdgeKind.WORK, EdgeKind.PASSED


class LeakKind(StrEnum):
    """Where held regions matter although nothing is called; loads from packets always do."""

    EXIT = "exit"
    PACKET = "packet"  # LD_ABS and LD_IND, which may end the program


class MapUse(NamedTuple):
    """A map of the object, or a section of data, which is a map as well, by its number, and the
    register that points to it, or to an element."""

    is_data: bool
    number: int
    register: int = 0


class Site(NamedTuple):
    """A live call of an extern function. `sure`: the verifier walks it; else it may.

    `regions` are those before the call; `fault`: what is wrong with it there, if it ends a region,
    or the state of its iterator. `maps`: those whose address, or an element's, it is given,
    where it matters which.
    """

    slot: int
    extern: int
    sure: bool
    regions: Regions
    fault: str = ""
    maps: tuple[MapUse, ...] = ()


class HelperSite(NamedTuple):
    """A live call of a helper by its number, as Site."""

    slot: int
    number: int
    sure: bool
    regions: Regions
    fault: str = ""
    maps: tuple[MapUse, ...] = ()


class Leak(NamedTuple):
    """A live exit, or load from a packet, within regions."""

    kind: LeakKind
    slot: int
    sure: bool
    regions: Regions


class Ending(NamedTuple):
    """A live exit, with what is then in r0, of a function that no other waits for."""

    slot: int
    sure: bool
    value: Value


class Edge(NamedTuple):
    """A live call of a function, or its being passed as a callback. `arguments`: what it gets."""

    kind: EdgeKind
    slot: int
    function: int
    sure: bool
    regions: Regions
    arguments: tuple[Value, ...]


class Poison(NamedTuple):
    """A live instruction that the loader made invalid: its CO-RE relocation failed."""

    slot: int
    sure: bool


class Way(NamedTuple):
    """One way out of a function: the value it returns and the regions it is then in."""

    result: Value
    regions: Regions


class Summary(NamedTuple):
    """All about one function entered with certain arguments.

    `complete` is False where it was not walked to the end: then every call in it may be live.
    `inputs`: the answers of the kernel it depends on. `settled`: all that is asked about in it, and
    in static functions that it calls, is surely live.
    """

    function: int
    ways: tuple[Way, ...]
    complete: bool
    inputs: Mapping[Key, Answer]
    sites: tuple[Site, ...] = ()
    helpers: tuple[HelperSite, ...] = ()
    edges: tuple[Edge, ...] = ()
    poisons: tuple[Poison, ...] = ()
    leaks: tuple[Leak, ...] = ()
    endings: tuple[Ending, ...] = ()
    settled: bool = False
