"""Which kernel functions a program calls where this kernel's verifier walks, and on what ways.

Follows static calls, global functions (each verified once, with any arguments) and callbacks from a
program's entry, keeping what decides about sleeping and about masks in force.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from verifier.engine.flow.engine import Engine
from verifier.engine.flow.state import NO_REGIONS, UNSURE, Regions
from verifier.engine.flow.summary import CALLBACK, GLOBAL, PASSED, TIMER, WORK, Edge
from verifier.engine.flow.values import UNKNOWN, Pointer, Value

_ANY_ARGUMENTS: tuple[Value, ...] = (UNKNOWN,) * 5
_CONTEXT: tuple[Value, ...] = (Pointer("context"), *_ANY_ARGUMENTS[1:])


class Node(NamedTuple):
    """A function on the way, called from `slot` of the function before it."""

    function: int
    slot: int | None
    before: Node | None

    def path(self) -> list[tuple[int, int | None]]:
        """Return (function, slot in it that leads on) from the entry to here."""
        steps: list[tuple[int, int | None]] = []
        node: Node | None = self
        leads: int | None = None
        while node is not None:
            steps.append((node.function, leads))
            leads, node = node.slot, node.before
        return steps[::-1]


class Circumstances(NamedTuple):
    """How a function is run.

    `sleepable` as far as the call path decides (None: not known); `later` where it runs outside the
    op that started it: "timer", "work", "unknown", else ""; `callback`: within one of any kind.
    """

    sleepable: bool | None
    later: str
    callback: bool = False


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A live call of an extern."""

    extern: int
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


class GlobalCall(NamedTuple):
    """A live call of a global function, in which regions; `awake`: the caller may sleep there."""

    node: Node
    regions: Regions
    awake: bool | None
    sure: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """All live calls of one program; `complete` is False where something could not be walked."""

    calls: tuple[LiveCall, ...]
    poisons: tuple[LivePoison, ...]
    globals: tuple[GlobalCall, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a program starts.

    `timers_sleep`: timer callbacks of sleepable programs may sleep, as they could before the
    verifier looked at callbacks apart. `globals_in_context`: a global function may sleep where its
    caller may; before, where the program may, and it was looked at only whether its caller may.
    """

    function: int
    sleepable: bool
    exception_callback: int | None
    timers_sleep: bool
    globals_in_context: bool


_Visit = tuple[Node, tuple[Value, ...], Regions, Circumstances, bool]


def find_live_calls(engine: Engine, entry: Entry) -> Reach:
    """Follow a program from its entry."""
    start = Circumstances(entry.sleepable, "")
    waiting: deque[_Visit] = deque(
        [(Node(entry.function, None, None), _CONTEXT, NO_REGIONS, start, True)]
    )
    if entry.exception_callback is not None:
        node = Node(entry.exception_callback, None, Node(entry.function, None, None))
        called_back = start._replace(callback=True)
        waiting.append((node, _ANY_ARGUMENTS, NO_REGIONS, called_back, True))
    known: dict[tuple[int, tuple[Value, ...], Regions, Circumstances], bool] = {}
    calls: list[LiveCall] = []
    poisons: list[LivePoison] = []
    global_calls: list[GlobalCall] = []
    complete = True
    while waiting:
        node, arguments, regions, how, sure = waiting.popleft()
        key = (node.function, arguments, regions, how)
        if known.get(key, False) or (key in known and not sure):
            continue
        known[key] = sure
        summary = engine.summarize(node.function, arguments, regions)
        complete &= summary.complete
        calls += [
            LiveCall(site.extern, site.slot, node, site.sure and sure, site.regions, how)
            for site in summary.sites
        ]
        poisons += [LivePoison(item.slot, node, item.sure and sure) for item in summary.poisons]
        global_calls += [
            GlobalCall(
                Node(edge.function, edge.slot, node),
                edge.regions,
                _is_awake(how, edge.regions),
                sure and edge.sure,
            )
            for edge in summary.edges
            if edge.kind == GLOBAL
        ]
        waiting.extend(_follow(entry, node, how, sure, summary.edges))
    return Reach(tuple(calls), tuple(poisons), tuple(global_calls), complete)


def _follow(
    entry: Entry, node: Node, how: Circumstances, sure: bool, edges: tuple[Edge, ...]
) -> Iterator[_Visit]:
    for edge in edges:
        after = _circumstances(entry, how, edge)
        is_global = edge.kind == GLOBAL
        yield (
            Node(edge.function, edge.slot, node),
            _ANY_ARGUMENTS if is_global else edge.arguments,
            NO_REGIONS if is_global else edge.regions,
            after,
            sure and edge.sure,
        )


def _circumstances(entry: Entry, how: Circumstances, edge: Edge) -> Circumstances:
    if edge.kind == TIMER:
        return Circumstances(entry.sleepable and entry.timers_sleep, "timer", True)
    if edge.kind == WORK:
        return Circumstances(True, "work", True)
    if edge.kind == PASSED:
        return Circumstances(None, "unknown", how.callback)
    if edge.kind == CALLBACK:
        return how._replace(callback=True)
    if edge.kind != GLOBAL:
        return how
    sleepable = _is_awake(how, edge.regions) if entry.globals_in_context else entry.sleepable
    return how._replace(sleepable=sleepable)


def _is_awake(how: Circumstances, regions: Regions) -> bool | None:
    """Return whether code in these regions may sleep, None if that is not known."""
    if any(depth > 0 for depth in regions):
        return False
    return None if UNSURE in regions else how.sleepable
