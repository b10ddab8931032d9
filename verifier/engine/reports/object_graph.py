"""The graph of an object: program → subprogram → kfunc, with the verdicts of one kernel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from kfmap.graphs.nodes import KFUNC, MIXED, PROGRAM, SUBPROGRAM
from kfmap.graphs.objects import (
    MAX_DRAWN,
    ObjectCall,
    ObjectNode,
    build_object_graph,
    group_object,
)
from kfmap.permission.outcome_words import ALLOWED, FAILS_AT_RUN_TIME, REFUSED, UNKNOWN
from verifier.engine.reports.model import CheckedObject, ReportOptions
from verifier.engine.result import FindingKind, ObjectVerdict, ProgramVerdict
from verifier.engine.summary import ProgramSummary

if TYPE_CHECKING:
    import networkx as nx

    Graph = nx.DiGraph[str]

_WORDS = {
    FindingKind.RUN_TIME: FAILS_AT_RUN_TIME,
    FindingKind.UNKNOWN: UNKNOWN,
}  # every other kind refuses
Edge = tuple[str, str]


class GraphCall(NamedTuple):
    """A call of a kfunc: the functions that lead to it, and the instruction of each that does."""

    kfunc: str
    functions: list[str]
    instructions: list[int]


def build_graph_of(obj: CheckedObject, options: ReportOptions, *, whole: bool = False) -> Graph:
    """Return the graph of an object with a summary, coloured by the newest kernel that decides."""
    programs = obj.summary.programs if obj.summary else ()
    calls = [
        GraphCall(
            call.kfunc,
            [step.function for step in call.path],
            [-1 if step.instruction is None else step.instruction for step in call.path],
        )
        for program in programs
        for call in program.calls
    ]
    verdict = _deciding(obj, options)
    title = f"{obj.file} on {verdict.kernel}" if verdict else obj.file
    names = [(program.name, context_of(program)) for program in programs]
    return build_graph(title, names, calls, verdict.programs if verdict else (), whole=whole)


def _deciding(obj: CheckedObject, options: ReportOptions) -> ObjectVerdict | None:
    deciding = [item for item in obj.verdicts if item.kernel in options.deciding]
    return next(reversed(deciding or list(obj.verdicts)), None)


def context_of(program: ProgramSummary) -> str:
    """Return in short where a program runs."""
    uses = [f"{use.type}.{use.member}" for use in program.struct_ops]
    return ", ".join(uses) or program.section


def build_graph(
    title: str,
    programs: Sequence[tuple[str, str]],
    calls: Sequence[GraphCall],
    verdicts: Iterable[ProgramVerdict],
    *,
    whole: bool = False,
) -> Graph:
    """Build the graph; without verdicts nothing is refused. `programs`: (name, where it runs).

    It is grouped if it is large, unless the `whole` is asked for.
    """
    verdicts = list(verdicts)
    bad = _find_bad_edges(verdicts)
    live = {kfunc for verdict in verdicts for kfunc in verdict.live_kfuncs} if verdicts else None
    graph = build_object_graph(title, _nodes(programs, calls, bad, live), _edges(calls, bad))
    return group_object(graph) if len(graph) > MAX_DRAWN and not whole else graph


def _find_bad_edges(verdicts: Iterable[ProgramVerdict]) -> dict[Edge, str]:
    """Return the calls along the paths of findings, with the word for what they come to."""
    bad: dict[Edge, str] = {}
    for verdict in verdicts:
        for found in verdict.findings:
            if found.kind != FindingKind.DEAD:
                functions = [step.function for step in found.path]
                word = _WORDS.get(found.kind, REFUSED)
                bad |= dict.fromkeys(pairwise([*functions, found.kfunc]), word)
    return bad


def _nodes(
    programs: Sequence[tuple[str, str]],
    calls: Iterable[GraphCall],
    bad: dict[Edge, str],
    live: set[str] | None,
) -> Iterator[ObjectNode]:
    for name, context in programs:
        yield ObjectNode(name, PROGRAM, context)
    names = {name for name, _ in programs}
    for name in sorted({name for call in calls for name in call.functions} - names):
        yield ObjectNode(name, SUBPROGRAM)
    callers: dict[str, set[str]] = {}
    for call in calls:
        callers.setdefault(call.kfunc, set()).add(call.functions[-1])
    for kfunc, functions in sorted(callers.items()):
        words = {bad.get((function, kfunc), ALLOWED) for function in functions}
        word = words.pop() if len(words) == 1 else MIXED
        is_dead = word == ALLOWED and live is not None and kfunc not in live
        yield ObjectNode(kfunc, KFUNC, "dead code here" if is_dead else "", word)


def _edges(calls: Iterable[GraphCall], bad: dict[Edge, str]) -> Iterator[ObjectCall]:
    """Return every edge once; an edge counts the places that call."""
    places: dict[tuple[Edge, bool], set[int]] = {}
    for call in calls:
        edges = list(pairwise([*call.functions, call.kfunc]))
        for step, (edge, at) in enumerate(zip(edges, call.instructions, strict=True), start=1):
            places.setdefault((edge, step == len(edges)), set()).add(at)
    for (edge, to_kfunc), instructions in places.items():
        word = bad.get(edge, ALLOWED)
        yield ObjectCall(*edge, count=len(instructions), verdict=word, to_kfunc=to_kfunc)
