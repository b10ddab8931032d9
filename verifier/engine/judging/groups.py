"""Programs that have functions in common: what is found in these serves all of them."""

from __future__ import annotations

from collections.abc import Sequence

from verifier.engine.judging.reached import Reached


def group_programs(reached: Sequence[Reached]) -> tuple[tuple[int, ...], ...]:
    """Put the programs together, by their numbers, that have functions in common, or each with the
    same third one."""
    heads = list(range(len(reached)))  # of each program, one before it in its group, or itself

    def head(index: int) -> int:
        while heads[index] != index:
            heads[index] = index = heads[heads[index]]
        return index

    first: dict[int, int] = {}  # program by function
    for index, item in enumerate(reached):
        for function in item.functions:
            one, other = sorted((head(index), head(first.setdefault(function, index))))
            heads[other] = one
    groups: dict[int, list[int]] = {}
    for index in range(len(reached)):
        groups.setdefault(head(index), []).append(index)
    return tuple(map(tuple, groups.values()))
