"""What walking one function found: calls of kernel functions and of others, and the ways out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from verifier.engine.flow.inputs import Answer, Key
from verifier.engine.flow.state import Regions
from verifier.engine.flow.values import Value

# How a function is entered
STATIC = "static"
GLOBAL = "global"
CALLBACK = "callback"  # while the caller waits: bpf_loop, rbtree
TIMER = "timer"  # later, never sleepable
WORK = "work"  # later, always sleepable
PASSED = "passed"  # its address is taken and nothing says what for


class Site(NamedTuple):
    """A live call of an extern function. `sure`: the verifier walks it; else it may."""

    slot: int
    extern: int
    sure: bool
    regions: Regions


class Edge(NamedTuple):
    """A live call of a function, or its being passed as a callback. `arguments`: what it gets."""

    kind: str
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
    `inputs`: the answers of the kernel it depends on.
    """

    function: int
    sites: tuple[Site, ...]
    edges: tuple[Edge, ...]
    poisons: tuple[Poison, ...]
    ways: tuple[Way, ...]
    complete: bool
    inputs: Mapping[Key, Answer]
