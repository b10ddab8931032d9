"""Walk a function path by path, as the verifier does: exact, as long as the budget lasts."""

from __future__ import annotations

from collections.abc import Hashable

from verifier.engine.flow.body import Block, Body
from verifier.engine.flow.branch import SURE
from verifier.engine.flow.budget import Budget, OutOfBudget
from verifier.engine.flow.calling import Enter, finish_static, fork
from verifier.engine.flow.joined import branch_ways
from verifier.engine.flow.needed import WHOLE_STACK, find_needed, slot_bit
from verifier.engine.flow.state import State
from verifier.engine.flow.summary import EXIT, Way
from verifier.engine.flow.transfer import run_block
from verifier.engine.flow.walk import Walk

_MAX_STATES = 4096  # states a block may be entered with
_MAX_WAYS = 32  # ways out of a function that are told apart

Step = tuple[int, bool, State]


def walk_paths(
    body: Body, walk: Walk, entry: State, enter: Enter, budget: Budget
) -> tuple[Way, ...]:
    """Walk every path and give the ways out; OutOfBudget where there are too many."""
    needed = find_needed(body, walk.passes_functions, walk.asked_slots)
    ways = _walk(body, walk, entry.copy(), enter, budget, needed)
    if walk.reads_stack_indirectly:  # then every slot may tell states apart
        everything = [block | WHOLE_STACK for block in needed]
        ways = _walk(body, walk, entry, enter, budget, everything)
    return ways


def _walk(
    body: Body, walk: Walk, entry: State, enter: Enter, budget: Budget, needed: list[int]
) -> tuple[Way, ...]:
    seen: list[dict[Hashable, bool]] = [{} for _ in range(len(body))]
    ways: dict[Way, None] = {}
    waiting: list[Step] = [(0, True, entry)]
    while waiting:
        index, sure, state = waiting.pop()
        known = seen[index]
        key = _key(state, needed[index])
        if key in known and (known[key] or not sure):
            continue
        known[key] = sure
        if len(known) > _MAX_STATES or len(ways) > _MAX_WAYS:
            raise OutOfBudget
        block = body.block(index)
        budget.spend(len(block.rows) + 1)
        walk.block, walk.sure = index, sure
        if not run_block(walk, state, block):
            continue
        if block.end == "exit":
            assert block.last is not None
            walk.note_leak(EXIT, block.last[0], state.regions)
            ways[Way(walk.settle(state.registers[0]), state.regions)] = None
        else:
            waiting += _follow(walk, block, sure, state, enter)
    return tuple(ways)


def _follow(walk: Walk, block: Block, sure: bool, state: State, enter: Enter) -> list[Step]:
    """Return the steps after a block; the last is taken first: the next one in the code."""
    if block.end == "call":
        return _return(block, sure, state, enter)
    if block.end == "fork":
        assert block.last is not None
        forked = fork(walk, state, block.last, enter)
        return [(block.next, sure, after) for after in forked] if block.next >= 0 else []
    if block.end == "branch":
        ways = branch_ways(walk, block, state)
        return [
            (way, sure and how == SURE, after) for way, how, after in reversed(ways) if way >= 0
        ]
    return [(successor, sure, state) for successor in block.successors()]


def _return(block: Block, sure: bool, state: State, enter: Enter) -> list[Step]:
    assert block.last is not None
    steps = []
    for way in enter.static(block.last[0], block.callee, state) if block.next >= 0 else ():
        after = state.copy()
        finish_static(after, way.result)
        after.regions = state.regions.returning(way.regions)
        steps.append((block.next, sure, after))
    return steps


def _key(state: State, needed: int) -> Hashable:
    """Return what tells states apart at the start of a block."""
    registers = tuple(
        value for index, value in enumerate(state.registers[:10]) if needed >> index & 1
    )
    stack = tuple(
        sorted((item for item in state.stack.items() if needed & slot_bit(item[0])), key=_by_offset)
    )
    return registers, stack, state.regions


def _by_offset(item: tuple[int, object]) -> int:
    return item[0]
