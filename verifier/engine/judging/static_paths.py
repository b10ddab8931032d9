"""What some functions could reach, dead or not, on the shortest way there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from verifier.engine.flow.calls import CallGraph, Calls

Path = tuple[tuple[int, int | None], ...]


def find_static_calls(graph: CallGraph, roots: Sequence[int]) -> dict[int, Path]:
    """Return, by extern, the path to its first call: (function, slot in it that leads on)."""
    return _find_first(graph, roots, lambda calls: calls.kfuncs)


def find_static_helpers(graph: CallGraph, roots: Sequence[int]) -> dict[int, Path]:
    """Return, by the number of a helper, the path to its first call."""
    return _find_first(graph, roots, lambda calls: calls.helpers)


def find_packet_load(graph: CallGraph, roots: Sequence[int]) -> Path:
    """Return the path to the first load from a packet (LD_ABS, LD_IND), empty if there is none."""
    found = _find_first(graph, roots, lambda calls: [(slot, 0) for slot in calls.packets])
    return found.get(0, ())


def _find_first(
    graph: CallGraph, roots: Sequence[int], wanted: Callable[[Calls], list[tuple[int, int]]]
) -> dict[int, Path]:
    found: dict[int, Path] = {}
    for function, path in graph.find_paths(roots).items():
        for slot, called in wanted(graph.calls[function]):
            found.setdefault(called, (*path, (function, slot)))
    return found
