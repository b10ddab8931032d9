"""Calls of global functions, which the kernel verifies apart: where they may not be made.

Mirrors check_func_call() and, for code that may be dead, mark_subprog_might_sleep() of the kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from verifier.engine.flow.reach import GlobalCall, Reach
from verifier.engine.flow.state import LOCK, PREEMPT, REGION_NAMES
from verifier.engine.judging.evidence import Path
from verifier.engine.judging.prepared import Prepared


class GlobalProblem(NamedTuple):
    """What is wrong with a call of a global function; `extern` is the kfunc that sleeps in it."""

    kind: str
    extern: int | None
    path: Path
    text: str
    sure: bool


def find_global_problems(
    prepared: Prepared, reach: Reach, marks_globals: bool, may_sleep: Callable[[int], bool]
) -> Iterator[GlobalProblem]:
    """Look at every live call, the sure ones first; `may_sleep` tells it of an extern.

    `marks_globals`: the kernel marks global functions that may sleep.
    """
    for call in sorted(reach.globals, key=lambda item: not item.sure):
        name = prepared.object.functions[call.node.function].name
        for region in (LOCK,) if marks_globals else (LOCK, PREEMPT):
            if call.regions[region] > 0:
                text = f"{name} is global and called within a {REGION_NAMES[region]} region"
                text += ": make it static"
                yield GlobalProblem("region", None, _path_to(call), text, call.sure)
        if marks_globals and call.awake is False:
            calls = prepared.calls_in(call.node.function)
            sleeping = [extern for extern in calls if may_sleep(extern)]
            for extern in sleeping[:1]:
                path = [*call.node.path()[:-1], *calls[extern]]
                text = f"{name} is global and may sleep, dead code counted, and its caller may not"
                yield GlobalProblem("not_sleepable", extern, path, text, call.sure)


def _path_to(call: GlobalCall) -> Path:
    """Return the way to the function that calls."""
    return call.node.path()[:-1]
