"""What the code of one program refers to, dead or not: asked on every kernel, the same on all."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from verifier.engine.flow.calls import CallGraph
from verifier.engine.judging.contexts import context_of
from verifier.engine.judging.static_paths import Path
from verifier.engine.object.model import Linkage, Program


class Reached:
    """The functions that a program could reach, its exception callback among them, and all that
    is named in them; with what the kernel is told of it, its context.

    `calls`, `maps`, `data`: the path to the first call of each extern, and to where each map and
    section of data is first referred to. `names`: the kernel's names of the externs that are
    called, sorted. `helpers`: the numbers of those that are called, rising; `variables`: the weak
    variables of the kernel that are named; `map_types`: the numbers of those of the maps, rising,
    where the object says so. `calls_back`: the address of a function is taken;
    `calls_back_wrongly`: of one that the kernel takes for no callback. `calls_odd`: a global
    function is called that a kernel may refuse for what it returns. `globals`: the path to each
    global function.
    """

    def __init__(self, graph: CallGraph, program: Program) -> None:
        self.context = context_of(program)
        roots = [program.function]
        if program.exception_callback is not None:
            roots.append(program.exception_callback)
        paths = graph.find_paths(roots)
        self.functions: Collection[int] = paths.keys()
        self.globals: Mapping[int, Path] = {
            function: path
            for function, path in paths.items()
            if graph.object.functions[function].linkage == Linkage.GLOBAL
        }
        found: tuple[dict[int, Path], ...] = ({}, {}, {})
        helpers: set[int] = set()
        variables: set[int] = set()
        self.calls_back = self.calls_back_wrongly = self.loads_packets = False
        self.calls_odd = not graph.odd_globals.keys().isdisjoint(paths)
        typed, functions = graph.object.has_function_types, graph.object.functions
        for function, path in paths.items():
            calls = graph.calls[function]
            for first, named in zip(found, (calls.kfuncs, calls.maps, calls.data), strict=True):
                for slot, index in named:
                    if index not in first:
                        first[index] = (*path, (function, slot))
            helpers.update([number for _, number in calls.helpers])
            variables.update([extern for _, extern in calls.variables])
            for _, passed in calls.passed:
                self.calls_back = True
                self.calls_back_wrongly |= not typed or functions[passed].linkage == Linkage.GLOBAL
            self.loads_packets |= bool(calls.packets)
        self.calls: Mapping[int, Path] = found[0]
        self.maps: Mapping[int, Path] = found[1]
        self.data: Mapping[int, Path] = found[2]
        self.helpers = tuple(sorted(helpers))
        self.variables = tuple(sorted(variables))
        items = graph.object.maps
        self.map_types = tuple(sorted({items[at].kind for at in self.maps if items[at].kind}))
        externs = graph.object.externs
        self.names = tuple(sorted({externs[extern].kernel_name for extern in self.calls}))
