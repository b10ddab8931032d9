"""Every kfunc call a program could reach, dead or not, on the shortest way there."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from verifier.engine.flow.calls import CallGraph, Calls
from verifier.engine.object.model import Program

Path = tuple[tuple[int, int | None], ...]


def find_program_calls(graph: CallGraph, program: Program) -> dict[int, Path]:
    """Return the calls of a program, and of the callback that its exceptions are for."""
    roots = [program.function]
    if program.exception_callback is not None:
        roots.append(program.exception_callback)
    return find_static_calls(graph, roots)


def find_static_calls(graph: CallGraph, roots: Sequence[int]) -> dict[int, Path]:
    """Return, by extern, the path to its first call: (function, slot in it that leads on)."""
    return _find_first(graph, roots, lambda calls: calls.kfuncs)


def find_static_helpers(graph: CallGraph, roots: Sequence[int]) -> dict[int, Path]:
    """Return, by the number of a helper, the path to its first call."""
    return _find_first(graph, roots, lambda calls: calls.helpers)


def _find_first(
    graph: CallGraph, roots: Sequence[int], wanted: Callable[[Calls], list[tuple[int, int]]]
) -> dict[int, Path]:
    paths: dict[int, Path] = dict.fromkeys(roots, ())
    found: dict[int, Path] = {}
    waiting = deque(paths)
    while waiting:
        function = waiting.popleft()
        calls, path = graph.calls[function], paths[function]
        for slot, called in wanted(calls):
            found.setdefault(called, (*path, (function, slot)))
        for slot, callee in (*calls.functions, *calls.passed):
            if callee not in paths:
                paths[callee] = (*path, (function, slot))
                waiting.append(callee)
    return found
