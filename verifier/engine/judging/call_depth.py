"""How deep the calls of a program nest, and how deep this kernel lets them.

Mirrors check_max_stack_depth() of kernel/bpf/verifier.c, which follows every call and every address
of a function, dead code included, once the walk is done: a chain may have 8 frames, and 16 since
7.2.12; since 7.1.13 each global function begins a new one. What runs later has a stack of its own.
Calls that come back to a function nest without end: since 7.1.13 sort_subprogs_topo() says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping

from kfmap.permission.verdict import give_reason
from verifier.engine.flow.calls import CallGraph
from verifier.engine.judging.interview import Interview
from verifier.engine.judging.prepared import Prepared
from verifier.engine.judging.problem import Objection, Path
from verifier.engine.object.model import Linkage, Program
from verifier.engine.result import FindingKind, Reason

_RULE = "call_depth"
_FEWEST = 8  # frames, of every kernel read: where the number is not known, fewer calls are fine
_ADVICE = "mark a function on the way __always_inline, or call what is below it from farther up"
_At = tuple[int, int]  # (function, frame of it)


def may_nest_too_deep(prepared: Prepared, program: Program, kernel: Interview) -> bool:
    """Return whether anything but what runs later could keep calls from nesting too deep.

    The kernel is asked only where calls nest deeper than the fewest frames of any.
    """
    graph, function = prepared.code.graph, program.function
    if function not in graph.nesting(_FEWEST):
        return False
    return function in graph.nesting(kernel.call_frames() or _FEWEST)


def call_depth_objection(
    prepared: Prepared, program: Program, kernel: Interview, later: Mapping[int, bool]
) -> tuple[Path, Objection] | None:
    """Return the first way on which calls nest too deep, and what the kernel says to it.

    `later`: functions that are run later, with whether that is sure (`Reach.later`).
    """
    if not may_nest_too_deep(prepared, program, kernel):
        return None
    graph, frames = prepared.code.graph, kernel.call_frames()
    most = frames or _FEWEST
    recursion = _recursion(graph, program.function)
    if recursion:
        return recursion
    anew = kernel.holds("frames_anew_in_globals")
    roots = (program.function, *sorted(later))
    path = _find_too_deep(graph, roots, most, later, anew is not False)
    if path and frames:
        reason = give_reason(_RULE, _say(frames, bool(anew)), kernel.call_frames_place())
        return path, Objection(FindingKind.LOAD, (reason,), advice=_ADVICE)
    sure = [function for function, is_sure in later.items() if is_sure]
    path = path or _find_too_deep(graph, roots, most, sure, bool(anew))
    if not path:
        return None
    doubt = (
        "it is not known what runs on a stack of its own here"
        if frames
        else "it is not known how many frames this kernel allows"
    )
    reasons = (Reason(_RULE, f"the call stack has more than {most} frames"), Reason(_RULE, doubt))
    return path, Objection(FindingKind.UNKNOWN, reasons, certain=False)


def _recursion(graph: CallGraph, root: int) -> tuple[Path, Objection] | None:
    """Return the way to a call that comes back to a function on it; refused by every kernel."""
    way = _find_recursion(graph, root)
    if not way:
        return None
    function, slot = way[-1]
    callee = dict(graph.calls[function].functions)[slot]
    names = [graph.object.functions[at].name for at in (function, callee)]
    text = f"recursive call from {names[0]}() to {names[1]}(): such calls nest without end"
    return way, Objection(FindingKind.LOAD, (Reason(_RULE, text),), advice="write a loop instead")


def _say(frames: int, anew: bool) -> str:
    which = ", dead code included"
    if anew:
        which += ", and counted anew from each global function"
    else:
        which += ", and calls of global functions"
    return (
        f"the call stack of {frames} frames is too deep: no more than {frames - 1} calls may nest"
        f" in one another{which}"
    )


def _find_recursion(graph: CallGraph, root: int) -> tuple[tuple[int, int], ...]:
    """Return the way to a call of a function that is on the way itself, () if there is none."""
    done: set[int] = set()
    for start, before in graph.find_paths([root]).items():
        way: list[tuple[int, int]] = []
        waiting = [(start, iter(graph.calls[start].functions))] if start not in done else []
        active = {start}
        while waiting:
            function, calls = waiting[-1]
            for slot, callee in calls:
                if callee in active:
                    return (*before, *way, (function, slot))
                if callee not in done:
                    way.append((function, slot))
                    active.add(callee)
                    waiting.append((callee, iter(graph.calls[callee].functions)))
                    break
            else:
                waiting.pop()
                active.discard(function)
                done.add(function)
                del way[len(waiting) - 1 :]
    return ()


def _find_too_deep(
    graph: CallGraph, roots: tuple[int, ...], most: int, later: Collection[int], anew: bool
) -> Path:
    """Return the shortest way to a call that would have frame `most`, () if there is none."""
    functions = graph.object.functions
    way: dict[_At, Path] = {}
    waiting: deque[_At] = deque()
    before = graph.find_paths(roots[:1])
    for root in roots:
        if root in before:
            way[root, 0] = before[root]
            waiting.append((root, 0))
    while waiting:
        at = function, frame = waiting.popleft()
        calls = graph.calls[function]
        passed = (item for item in calls.passed if item[1] not in later)
        for slot, callee in sorted((*calls.functions, *passed)):
            starts = anew and functions[callee].linkage == Linkage.GLOBAL
            next_at = callee, 0 if starts else frame + 1
            if next_at[1] >= most:
                return (*way[at], (function, slot))
            if next_at not in way:
                way[next_at] = (*way[at], (function, slot))
                waiting.append(next_at)
    return ()
