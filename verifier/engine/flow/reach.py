"""Which kernel functions a program calls where this kernel's verifier walks, and on what ways.

Follows static calls, global functions (each verified once, with any arguments) and callbacks from a
program's entry, keeping what decides about sleeping and about masks in force.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from kfmap.quick_dataclass import dataclass, field
from verifier.engine.flow.engine import Engine
from verifier.engine.flow.regions import NO_REGIONS, Regions
from verifier.engine.flow.summary import (
    CALLBACK,
    GLOBAL,
    PASSED,
    STATIC,
    TIMER,
    WORK,
    Edge,
    LeakKind,
    MapUse,
    Summary,
)
from verifier.engine.flow.values import TO_CONTEXT, UNKNOWN, Pointer, Value

_ANY_ARGUMENTS: tuple[Value, ...] = (UNKNOWN,) * 5
_CONTEXT: tuple[Value, ...] = (Pointer(TO_CONTEXT), *_ANY_ARGUMENTS[1:])

Steps = tuple[tuple[int, int | None], ...]  # as a node's path


class Node(NamedTuple):
    """A function on the way, called from `slot` of the function before it."""

    function: int
    slot: int | None
    before: Node | None

    @classmethod
    def at(cls, function: int, path: Steps) -> Node:
        """Return the node of a function at the end of a path."""
        node: Node | None = None
        leads: int | None = None
        for before, slot in path:
            node, leads = cls(before, leads, node), slot
        return cls(function, leads, node)

    def path(self) -> list[tuple[int, int | None]]:
        """Return (function, slot in it that leads on) from the entry to here."""
        steps: list[tuple[int, int | None]] = []
        node: Node | None = self
        leads: int | None = None
        while node is not None:
            steps.append((node.function, leads))
            leads, node = node.slot, node.before
        return steps[::-1]


class Later(StrEnum):
    """What runs a function outside of the op that started it."""

    NOTHING = ""
    TIMER = "timer"
    WORK = "work"
    UNKNOWN = "unknown"  # its address is passed to something that is not known


class InTree(StrEnum):
    """Where a function stands to the callback that orders an rbtree."""

    OUTSIDE = ""
    CALLBACK = "is"
    BELOW = "below"


class Circumstances(NamedTuple):
    """How a function is run.

    `sleepable` as far as the call path decides (None: not known). `nested`: called by a static call
    or as a callback for which its caller waits, so on top of its caller's frame.
    """

    sleepable: bool | None
    later: Later = Later.NOTHING
    nested: bool = False
    in_tree: InTree = InTree.OUTSIDE


@dataclass(frozen=True, slots=True)
class _LiveSite:
    """A live call of something; `regions` before it, `fault` and `maps` as in a Site."""

    callee: int
    slot: int
    node: Node
    sure: bool
    regions: Regions
    circumstances: Circumstances
    fault: str = ""
    maps: tuple[MapUse, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveCall(_LiveSite):
    """A live call of an extern."""

    @property
    def extern(self) -> int:
        return self.callee


@dataclass(frozen=True, slots=True)
class LiveHelper(_LiveSite):
    """A live call of a helper."""

    @property
    def number(self) -> int:
        return self.callee


@dataclass(frozen=True, slots=True)
class LiveLeak:
    """A live exit, or load from a packet, within regions."""

    kind: LeakKind
    slot: int
    node: Node
    sure: bool
    regions: Regions
    circumstances: Circumstances


@dataclass(frozen=True, slots=True)
class LivePoison:
    """A live instruction whose CO-RE relocation failed."""

    slot: int
    node: Node
    sure: bool


@dataclass(frozen=True, slots=True)
class LiveCallback:
    """A function that is live as a callback of whatever kind."""

    node: Node
    sure: bool


@dataclass(frozen=True, slots=True)
class LiveEnding:
    """A live exit of the program itself, or of a callback; `value` is what it returns."""

    slot: int
    node: Node
    sure: bool
    value: Value


class GlobalCall(NamedTuple):
    """A live call of a function, in which regions and circumstances of the caller."""

    node: Node
    regions: Regions
    sure: bool
    circumstances: Circumstances


@dataclass(slots=True)
class Reach:
    """All that is live in one program; `complete` is False where something could not be walked.

    `later`: the functions that run on a stack of their own, with whether that is sure.
    """

    calls: list[LiveCall] = field(default_factory=list)
    helpers: list[LiveHelper] = field(default_factory=list)
    leaks: list[LiveLeak] = field(default_factory=list)
    poisons: list[LivePoison] = field(default_factory=list)
    globals: list[GlobalCall] = field(default_factory=list)
    statics_under_lock: list[GlobalCall] = field(default_factory=list)
    callbacks: list[LiveCallback] = field(default_factory=list)
    endings: list[LiveEnding] = field(default_factory=list)
    later: dict[int, bool] = field(default_factory=dict)
    complete: bool = True

    def add(self, node: Node, how: Circumstances, sure: bool, summary: Summary) -> None:
        """Add what one function has, entered in these circumstances."""
        self.complete &= summary.complete
        self.calls += [
            LiveCall(extern, slot, node, known and sure, regions, how, fault, maps)
            for slot, extern, known, regions, fault, maps in summary.sites
        ]
        self.helpers += [
            LiveHelper(number, slot, node, known and sure, regions, how, fault, maps)
            for slot, number, known, regions, fault, maps in summary.helpers
        ]
        for kind, slot, is_sure, regions in summary.leaks:
            self.leaks.append(LiveLeak(kind, slot, node, is_sure and sure, regions, how))
        for slot, is_sure, value in summary.endings:
            self.endings.append(LiveEnding(slot, node, is_sure and sure, value))
        self.poisons += [LivePoison(slot, node, known and sure) for slot, known in summary.poisons]
        for edge in summary.edges:
            self._add_edge(Node(edge.function, edge.slot, node), how, sure and edge.sure, edge)

    def _add_edge(self, node: Node, how: Circumstances, sure: bool, edge: Edge) -> None:
        if edge.kind == GLOBAL:
            self.globals.append(GlobalCall(node, edge.regions, sure, how))
        elif edge.kind == STATIC and edge.regions.locks:
            self.statics_under_lock.append(GlobalCall(node, edge.regions, sure, how))
        elif edge.kind in (CALLBACK, TIMER, WORK):
            self.callbacks.append(LiveCallback(node, sure))
        if edge.kind in (TIMER, WORK, PASSED):
            is_sure = sure and edge.kind != PASSED
            self.later[edge.function] = is_sure or self.later.get(edge.function, False)


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a program starts.

    The kernel is asked where it matters. `timers_sleep`: timer callbacks of sleepable programs may
    sleep, as they could before the verifier looked at callbacks apart. `globals_in_context`: a
    global function may sleep where its caller may; before, where the program may, and it was looked
    at only whether its caller may. `takes_context`: its first argument is the context of the
    program, which it need not be where it replaces a function. `verified`: functions that are
    walked whether or not something live calls them, each with the path to it.
    """

    function: int
    sleepable: bool
    exception_callback: int | None
    timers_sleep: Callable[[], bool]
    globals_in_context: Callable[[], bool]
    takes_context: bool = True
    verified: Mapping[int, Steps] = field(default_factory=dict)


_Visit = tuple[Node, tuple[Value, ...], Regions, Circumstances, bool]


def find_live_calls(engine: Engine, entry: Entry) -> Reach:
    """Follow a program from its entry."""
    start = Circumstances(entry.sleepable)
    given = _CONTEXT if entry.takes_context else _ANY_ARGUMENTS
    waiting: deque[_Visit] = deque(
        [(Node(entry.function, None, None), given, NO_REGIONS, start, True)]
    )
    reach = Reach()
    if entry.exception_callback is not None:
        node = Node(entry.exception_callback, None, Node(entry.function, None, None))
        waiting.append((node, _ANY_ARGUMENTS, NO_REGIONS, start, True))
        reach.callbacks.append(LiveCallback(node, True))
        reach.later[entry.exception_callback] = True
    for function, path in entry.verified.items():
        waiting.append((Node.at(function, path), _ANY_ARGUMENTS, NO_REGIONS, start, True))
    known: dict[tuple[int, tuple[Value, ...], Regions, Circumstances], bool] = {}
    while waiting:
        node, arguments, regions, how, sure = waiting.popleft()
        key = (node.function, arguments, regions, how)
        if known.get(key, False) or (key in known and not sure):
            continue
        known[key] = sure
        summary = engine.summarize(node.function, arguments, regions)
        reach.add(node, how, sure, summary)
        waiting.extend(_follow(engine, entry, node, how, sure, summary.edges))
    return reach


def _follow(
    engine: Engine,
    entry: Entry,
    node: Node,
    how: Circumstances,
    sure: bool,
    edges: tuple[Edge, ...],
) -> Iterator[_Visit]:
    for edge in edges:
        is_global = edge.kind == GLOBAL
        yield (
            Node(edge.function, edge.slot, node),
            _ANY_ARGUMENTS if is_global else edge.arguments,
            NO_REGIONS if is_global else edge.regions,
            _circumstances(engine, entry, node, how, edge),
            sure and edge.sure,
        )


def _circumstances(
    engine: Engine, entry: Entry, node: Node, how: Circumstances, edge: Edge
) -> Circumstances:
    if edge.kind == TIMER:
        return Circumstances(entry.sleepable and entry.timers_sleep(), Later.TIMER)
    if edge.kind == WORK:
        return Circumstances(True, Later.WORK)
    if edge.kind == PASSED:
        return Circumstances(None, Later.UNKNOWN)
    if edge.kind == GLOBAL:
        awake = _is_awake(how, edge.regions)
        if awake != entry.sleepable and not entry.globals_in_context():
            awake = entry.sleepable
        return Circumstances(awake, how.later)
    in_tree = InTree.BELOW if how.in_tree else InTree.OUTSIDE
    if edge.kind == CALLBACK and engine.code.orders_tree(node.function, edge.slot):
        in_tree = InTree.CALLBACK
    return how._replace(nested=True, in_tree=in_tree)


def _is_awake(how: Circumstances, regions: Regions) -> bool | None:
    """Return whether code in these regions may sleep, None if that is not known."""
    if regions.held():
        return False
    return how.sleepable if regions.is_sure() or how.sleepable is False else None
