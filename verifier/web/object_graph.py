"""The graph of an object: program → subprogram → kfunc, coloured by the verdicts of one kernel."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import networkx as nx

from kfmap.catalogue.models import Kernel
from kfmap.graphs.objects import (
    MAX_DRAWN,
    ObjectCall,
    ObjectNode,
    build_object_graph,
    group_object,
)
from verifier.models import BpfObject, Call, Program, Verdict
from verifier.store import load_checks

_ALLOWED, _MIXED = "allowed", "mixed"
_WORDS = {"run_time": "fails", "unknown": "unknown"}  # every other kind refuses
Edge = tuple[str, str]


def load_object_graph(obj: BpfObject, kernel: Kernel | None) -> nx.DiGraph[str]:
    """Build the graph from the rows, grouped if large; without a kernel nothing is refused."""
    programs = list(obj.programs.prefetch_related("calls"))
    verdicts = [] if kernel is None else _load_verdicts(obj, kernel)
    bad = _find_bad_edges(verdicts)
    live = {kfunc for verdict in verdicts for kfunc in verdict.live_kfuncs} if verdicts else None
    title = obj.file_name if kernel is None else f"{obj.file_name} on {kernel.name}"
    graph = build_object_graph(title, _nodes(programs, bad, live), _calls(programs, bad))
    return group_object(graph) if len(graph) > MAX_DRAWN else graph


def _load_verdicts(obj: BpfObject, kernel: Kernel) -> list[Verdict]:
    checks = load_checks(obj, [kernel])
    return [verdict for check in checks.values() for verdict in check.verdicts.all()]


def _find_bad_edges(verdicts: list[Verdict]) -> dict[Edge, str]:
    """Give the calls along the paths of findings, with the word for what they come to."""
    bad: dict[Edge, str] = {}
    for verdict in verdicts:
        for found in verdict.findings.all():
            if found.kind != "dead":
                functions = [step["function"] for step in found.data["path"]]
                word = _WORDS.get(found.kind, "refused")
                bad |= dict.fromkeys(_pairs([*functions, found.data["kfunc"]]), word)
    return bad


def _nodes(
    programs: list[Program], bad: dict[Edge, str], live: set[str] | None
) -> Iterator[ObjectNode]:
    names = {program.name for program in programs}
    for program in programs:
        yield ObjectNode(program.name, "program", program.context)
    for name in sorted({name for call in _all(programs) for name in _functions(call)} - names):
        yield ObjectNode(name, "subprogram")
    callers: dict[str, set[str]] = {}
    for call in _all(programs):
        callers.setdefault(call.kfunc, set()).add(_functions(call)[-1])
    for kfunc, functions in sorted(callers.items()):
        words = {bad.get((function, kfunc), _ALLOWED) for function in functions}
        word = words.pop() if len(words) == 1 else _MIXED
        is_dead = word == _ALLOWED and live is not None and kfunc not in live
        yield ObjectNode(kfunc, "kfunc", "dead code here" if is_dead else "", word)


def _calls(programs: list[Program], bad: dict[Edge, str]) -> Iterator[ObjectCall]:
    """Give every edge once; an edge counts the places that call."""
    places: dict[Edge, set[int]] = {}
    for call in _all(programs):
        names = [*_functions(call), call.kfunc]
        for edge, step in zip(_pairs(names), call.path, strict=True):
            places.setdefault(edge, set()).add(step["instruction"])
    for edge, instructions in places.items():
        yield ObjectCall(*edge, count=len(instructions), verdict=bad.get(edge, _ALLOWED))


def _all(programs: list[Program]) -> Iterator[Call]:
    return (call for program in programs for call in program.calls.all())


def _functions(call: Call) -> list[str]:
    return [step["function"] for step in call.path]


def _pairs(names: list[str]) -> list[Edge]:
    return list(pairwise(names))
