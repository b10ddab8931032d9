"""The graph of an object: program → subprogram → kfunc, coloured by the verdicts of one kernel."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import networkx as nx
from django.urls import reverse

from kfmap.catalogue.models import Kernel
from kfmap.graphs.nodes import MIXED
from kfmap.graphs.objects import (
    MAX_DRAWN,
    ObjectCall,
    ObjectNode,
    build_object_graph,
    group_object,
)
from kfmap.graphs.picture import Link
from kfmap.permission.outcome_words import ALLOWED, FAILS_AT_RUN_TIME, REFUSED, UNKNOWN
from verifier.engine.result import FindingKind, ProgramVerdict
from verifier.records.models import BpfObject, Call, Program
from verifier.records.store import load_checks

_WORDS = {
    FindingKind.RUN_TIME: FAILS_AT_RUN_TIME,
    FindingKind.UNKNOWN: UNKNOWN,
}  # every other kind refuses
Edge = tuple[str, str]


class _Call(NamedTuple):
    """A call of a kfunc: the functions that lead to it, and the instruction of each that does."""

    kfunc: str
    functions: list[str]
    instructions: list[int]

    @classmethod
    def of(cls, kfunc: str, path: list[dict[str, Any]]) -> _Call:
        functions = [step["function"] for step in path]
        return cls(kfunc, functions, [step["instruction"] for step in path])


def load_object_graph(
    obj: BpfObject, kernel: Kernel | None, *, whole: bool = False
) -> nx.DiGraph[str]:
    """Build the graph from the rows; without a kernel nothing is refused.

    It is grouped if it is large, unless the `whole` is asked for.
    """
    programs = list(obj.programs.all())
    rows = Call.objects.filter(program__object=obj).values_list("kfunc", "path")
    calls = [_Call.of(kfunc, path) for kfunc, path in rows]
    verdicts = [] if kernel is None else _load_verdicts(obj, kernel)
    bad = _find_bad_edges(verdicts)
    live = {kfunc for verdict in verdicts for kfunc in verdict.live_kfuncs} if verdicts else None
    title = obj.file_name if kernel is None else f"{obj.file_name} on {kernel.name}"
    nodes = _nodes(programs, calls, bad, live)
    graph = build_object_graph(title, nodes, _edges(calls, bad))
    return group_object(graph) if len(graph) > MAX_DRAWN and not whole else graph


def is_grouped(graph: nx.DiGraph[str]) -> bool:
    """Say whether a node of the graph stands for several functions."""
    return any(len(items) > 1 for _, items in graph.nodes(data="items"))


def graph_links(obj: BpfObject, kernel: Kernel | None) -> Link:
    """Return what gives the pages of programs and kfuncs."""
    programs = {program.name: program.position for program in obj.programs.all()}
    known = set(kernel.kfuncs.values_list("name", flat=True)) if kernel else set()

    def link(kind: str, name: str) -> str:
        if kind == "program" and name in programs:
            return reverse("object-program", args=[obj.sha256, programs[name]])
        if kind != "kfunc":
            return ""
        if kernel is not None and name in known:
            return reverse("kfunc", args=[kernel.name, name])
        return reverse("any-kfunc", args=[name])

    return link


def _load_verdicts(obj: BpfObject, kernel: Kernel) -> list[ProgramVerdict]:
    checks = load_checks(obj, [kernel])
    return [verdict for check in checks.values() for verdict in check.programs]


def _find_bad_edges(verdicts: list[ProgramVerdict]) -> dict[Edge, str]:
    """Return the calls along the paths of findings, with the word for what they come to."""
    bad: dict[Edge, str] = {}
    for verdict in verdicts:
        for found in verdict.findings:
            if found.kind != FindingKind.DEAD:
                functions = [step.function for step in found.path]
                word = _WORDS.get(found.kind, REFUSED)
                bad |= dict.fromkeys(_pairs([*functions, found.kfunc]), word)
    return bad


def _nodes(
    programs: list[Program], calls: list[_Call], bad: dict[Edge, str], live: set[str] | None
) -> Iterator[ObjectNode]:
    names = {program.name for program in programs}
    for program in programs:
        yield ObjectNode(program.name, "program", program.context)
    for name in sorted({name for call in calls for name in call.functions} - names):
        yield ObjectNode(name, "subprogram")
    callers: dict[str, set[str]] = {}
    for call in calls:
        callers.setdefault(call.kfunc, set()).add(call.functions[-1])
    for kfunc, functions in sorted(callers.items()):
        words = {bad.get((function, kfunc), ALLOWED) for function in functions}
        word = words.pop() if len(words) == 1 else MIXED
        is_dead = word == ALLOWED and live is not None and kfunc not in live
        yield ObjectNode(kfunc, "kfunc", "dead code here" if is_dead else "", word)


def _edges(calls: list[_Call], bad: dict[Edge, str]) -> Iterator[ObjectCall]:
    """Return every edge once; an edge counts the places that call."""
    places: dict[tuple[Edge, bool], set[int]] = {}
    for call in calls:
        edges = _pairs([*call.functions, call.kfunc])
        for step, (edge, at) in enumerate(zip(edges, call.instructions, strict=True), start=1):
            places.setdefault((edge, step == len(edges)), set()).add(at)
    for (edge, to_kfunc), instructions in places.items():
        word = bad.get(edge, ALLOWED)
        yield ObjectCall(*edge, count=len(instructions), verdict=word, to_kfunc=to_kfunc)


def _pairs(names: list[str]) -> list[Edge]:
    return list(pairwise(names))
