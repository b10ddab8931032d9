"""Calls of global functions, which the kernel verifies apart: where they may not be made.

Mirrors check_func_call() and, for code that may be dead, mark_subprog_might_sleep() of the kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from verifier.flow.reach import GlobalCall, Reach
from verifier.flow.state import LOCK, PREEMPT, REGION_NAMES
from verifier.judging.evidence import Path
from verifier.judging.prepared import Prepared


class GlobalProblem(NamedTuple):
    """What is wrong with a call of a global function; `extern` is the kfunc that sleeps in it."""

    kind: str
    extern: int | None
    path: Path
    text: str


def find_global_problems(
    prepared: Prepared, reach: Reach, marks_globals: bool, may_sleep: Callable[[int], bool]
) -> Iterator[GlobalProblem]:
    """Look at every call that is surely made; `may_sleep` tells it of an extern.

    `marks_globals` as for an Entry.
    """
    for call in reach.globals:
        name = prepared.object.functions[call.node.function].name
        for region in (LOCK,) if marks_globals else (LOCK, PREEMPT):
            if call.regions[region] > 0:
                text = f"{name} is global and called within a {REGION_NAMES[region]} region"
                yield GlobalProblem("region", None, _path_to(call), f"{text}: make it static")
        if marks_globals and call.asleep:
            calls = prepared.calls_in(call.node.function)
            sleeping = [extern for extern in calls if may_sleep(extern)]
            for extern in sleeping[:1]:
                path = [*call.node.path()[:-1], *calls[extern]]
                text = f"{name} is global and may sleep, dead code counted, and its caller may not"
                yield GlobalProblem("not_sleepable", extern, path, text)


def _path_to(call: GlobalCall) -> Path:
    """Give the way to the function that calls."""
    return call.node.path()[:-1]
