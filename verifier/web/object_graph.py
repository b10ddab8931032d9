"""The graph of an object from its rows: program → subprogram → kfunc, coloured by one kernel."""

from __future__ import annotations

import networkx as nx
from django.urls import reverse

from kfmap.catalogue.models import Kernel
from kfmap.graphs.nodes import KFUNC, PROGRAM
from kfmap.graphs.picture import Link
from verifier.engine.reports.object_graph import GraphCall, build_graph
from verifier.engine.result import ProgramVerdict
from verifier.records.models import BpfObject, Call
from verifier.records.store import load_checks


def load_object_graph(
    obj: BpfObject, kernel: Kernel | None, *, whole: bool = False
) -> nx.DiGraph[str]:
    """Build the graph from the rows; without a kernel nothing is refused.

    It is grouped if it is large, unless the `whole` is asked for.
    """
    programs = [(program.name, program.context) for program in obj.programs.all()]
    rows = Call.objects.filter(program__object=obj).values_list("kfunc", "path")
    calls = [
        GraphCall(
            kfunc, [step["function"] for step in path], [step["instruction"] for step in path]
        )
        for kfunc, path in rows
    ]
    verdicts = [] if kernel is None else _load_verdicts(obj, kernel)
    title = obj.file_name if kernel is None else f"{obj.file_name} on {kernel.name}"
    return build_graph(title, programs, calls, verdicts, whole=whole)


def is_grouped(graph: nx.DiGraph[str]) -> bool:
    """Return whether a node of the graph stands for several functions."""
    return any(len(items) > 1 for _, items in graph.nodes(data="items"))


def graph_links(obj: BpfObject, kernel: Kernel | None) -> Link:
    """Return what gives the pages of programs and kfuncs."""
    programs = {program.name: program.position for program in obj.programs.all()}
    known = set(kernel.kfuncs.values_list("name", flat=True)) if kernel else set()

    def link(kind: str, name: str) -> str:
        if kind == PROGRAM and name in programs:
            return reverse("object-program", args=[obj.address, programs[name]])
        if kind != KFUNC:
            return ""
        if kernel is not None and name in known:
            return reverse("kfunc", args=[kernel.name, name])
        return reverse("any-kfunc", args=[name])

    return link


def _load_verdicts(obj: BpfObject, kernel: Kernel) -> list[ProgramVerdict]:
    checks = load_checks(obj, [kernel])
    return [verdict for check in checks.values() for verdict in check.programs]
