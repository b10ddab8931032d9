"""Immediate postdominators: what every way from a block comes through next.

The algorithm of Cooper, Harvey and Kennedy ("A Simple, Fast Dominance Algorithm") on the reversed
graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_END = -1


def find_postdominators(successors: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """Return block → the block that all its ways to an end share first, where there is one."""
    ways_of = {
        block: [way if way in successors else _END for way in ways] or [_END]
        for block, ways in successors.items()
    }
    order, position = _postorder_from_end(ways_of)
    after: dict[int, int] = {_END: _END}
    changed = True
    while changed:
        changed = False
        for block in order:
            shared: int | None = None
            for way in ways_of[block]:
                if way in after:
                    shared = way if shared is None else _meet(shared, way, after, position)
            if shared is not None and after.get(block) != shared:
                after[block] = shared
                changed = True
    return {block: way for block, way in after.items() if way != _END}


def _meet(first: int, second: int, after: dict[int, int], position: dict[int, int]) -> int:
    while first != second:
        while position[first] < position[second]:
            first = after[first]
        while position[second] < position[first]:
            second = after[second]
    return first


def _postorder_from_end(
    successors: Mapping[int, Sequence[int]],
) -> tuple[list[int], dict[int, int]]:
    """Order blocks so that what comes nearer to an end is first; positions fall with it."""
    reverse: dict[int, list[int]] = {}
    for block, ways in successors.items():
        for way in ways:
            reverse.setdefault(way, []).append(block)
    postorder: list[int] = []
    seen = {_END}
    stack = [(_END, iter(reverse.get(_END, ())))]
    while stack:
        block, ways_back = stack[-1]
        before = next(ways_back, None)
        if before is None:
            postorder.append(block)
            stack.pop()
        elif before not in seen:
            seen.add(before)
            stack.append((before, iter(reverse.get(before, ()))))
    position = {block: index for index, block in enumerate(postorder)}
    return [block for block in reversed(postorder) if block != _END], position
