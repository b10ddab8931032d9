"""What the code of one program refers to, dead or not: asked on every kernel, the same on all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property

from verifier.engine.flow.calls import CallGraph
from verifier.engine.judging.contexts import context_of
from verifier.engine.judging.static_paths import (
    Path,
    find_program_calls,
    find_program_data,
    find_program_maps,
)
from verifier.engine.object.model import Program


class Reached:
    """The functions that a program could reach, its exception callback among them, and all that
    is named in them; with what the kernel is told of it, its context."""

    def __init__(self, graph: CallGraph, program: Program) -> None:
        self._graph = graph
        self._program = program
        self.context = context_of(program)

    @property
    def functions(self) -> Collection[int]:
        roots = [self._program.function]
        if self._program.exception_callback is not None:
            roots.append(self._program.exception_callback)
        return self._graph.find_paths(roots).keys()

    @cached_property
    def calls(self) -> Mapping[int, Path]:
        """Return the path to the first call of each extern."""
        return find_program_calls(self._graph, self._program)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Return the kernel's names of all externs that are called, sorted."""
        externs = self._graph.object.externs
        return tuple(sorted({externs[extern].kernel_name for extern in self.calls}))

    @cached_property
    def maps(self) -> Mapping[int, Path]:
        """Return the path to where each map is first referred to."""
        return find_program_maps(self._graph, self._program)

    @cached_property
    def data(self) -> Mapping[int, Path]:
        """Return the path to where each section of data is first referred to."""
        return find_program_data(self._graph, self._program)

    @cached_property
    def helpers(self) -> tuple[int, ...]:
        """Return the numbers of the helpers that are called, rising."""
        calls = self._graph.calls
        return tuple(
            sorted({number for each in self.functions for _, number in calls[each].helpers})
        )

    @cached_property
    def variables(self) -> tuple[int, ...]:
        """Return the weak variables of the kernel that are named."""
        calls = self._graph.calls
        return tuple(
            sorted({extern for each in self.functions for _, extern in calls[each].variables})
        )

    @cached_property
    def calls_back(self) -> bool:
        """Return whether the address of any function is taken."""
        return any(self._graph.calls[function].passed for function in self.functions)

    @cached_property
    def loads_packets(self) -> bool:
        return any(self._graph.calls[function].packets for function in self.functions)
