"""Walk a function with one state a block: fast, and never too little.

Ways that meet keep what they agree on; a branch on anything else is taken both ways without being
sure. What every such branch leads to in the end is sure again: its immediate postdominator.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from verifier.flow import branch
from verifier.flow.body import CLASS_JMP, OP_MAY_GOTO, Block, Body, Row
from verifier.flow.branch import BOTH, PERHAPS, SURE
from verifier.flow.budget import Budget
from verifier.flow.calling import finish_static
from verifier.flow.postdominators import find_postdominators
from verifier.flow.state import State
from verifier.flow.summary import Way
from verifier.flow.transfer import run_block
from verifier.flow.values import U64, Value, join
from verifier.flow.walk import Walk

Enter = Callable[[int, int, State], tuple[Way, ...]]  # slot of the call, function called


@dataclass(slots=True)
class Flow:
    """Live blocks, each with its live successors: block → how sure it is that they follow."""

    successors: dict[int, dict[int, int]] = field(default_factory=dict)
    ways: dict[int, Way] = field(default_factory=dict)


def walk_joined(body: Body, walk: Walk, entry: State, enter: Enter, budget: Budget) -> Flow:
    """Walk until nothing changes; `enter` gives the ways out of a static function."""
    states: list[State | None] = [None] * len(body)
    states[0] = entry
    flow = Flow()
    waiting = [0]  # in the order of the code: what comes before is mostly walked before
    queued = bytearray(len(body))
    while waiting:
        index = heapq.heappop(waiting)
        queued[index] = 0
        block, state = body.block(index), states[index]
        assert state is not None
        budget.spend(len(block.rows) + 1)
        walk.block = index
        ways = _leave(walk, block, index, state if block.single else state.copy(), enter, flow)
        flow.successors[index] = {successor: sure for successor, sure, _ in ways}
        for successor, _, after in ways:
            if _arrive(body, states, successor, after) and not queued[successor]:
                queued[successor] = 1
                heapq.heappush(waiting, successor)
    return flow


def _arrive(body: Body, states: list[State | None], index: int, state: State) -> bool:
    """Join a state into that of a block; one that is reached from one place only just takes it."""
    known = states[index]
    if known is None or body.block(index).single:
        states[index] = state
        return True
    return known.join(state)


def _leave(
    walk: Walk, block: Block, index: int, state: State, enter: Enter, flow: Flow
) -> list[tuple[int, int, State]]:
    """Run a block and give where it leads, how surely, and with what state."""
    if not run_block(walk, state, block):
        return []
    if block.end == "exit":
        flow.ways[index] = Way(state.registers[0], state.regions)
        return []
    if block.end == "call":
        return _return(block, state, enter)
    if block.end == "branch":
        return branch_ways(block, state)
    following = block.target if block.end == "jump" else block.next
    return [(following, SURE, state)] if following >= 0 and block.end != "stop" else []


def _return(block: Block, state: State, enter: Enter) -> list[tuple[int, int, State]]:
    assert block.last is not None
    ways = enter(block.last[0], block.callee, state)
    if not ways or block.next < 0:
        return []
    finish_static(state, ways[0].result)
    state.regions = ways[0].regions
    for way in ways[1:]:
        other = State(state.registers.copy(), state.stack, way.regions)
        other.registers[0] = way.result
        state.join(other)
    return [(block.next, SURE, state)]


def branch_ways(block: Block, state: State) -> list[tuple[int, int, State]]:
    """Give the live ways of a conditional jump, each with the state that is known there."""
    assert block.last is not None
    _, opcode, registers, _, immediate = block.last
    bits = 64 if opcode & 7 == CLASS_JMP else 32
    left = state.registers[registers & 15]
    right: Value = state.registers[registers >> 4] if opcode & 8 else immediate & U64
    test = (opcode & 0xF0, left, right, bits)
    taken, following = BOTH if opcode == OP_MAY_GOTO else branch.decide(*test)
    other = state.copy() if taken and following else state
    found = []
    if following and block.next >= 0 and _learn(other, block.last, test, False):
        found.append((block.next, following, other))
    if taken and block.target >= 0 and _learn(state, block.last, test, True):
        found.append((block.target, taken, state))
    return found


def _learn(state: State, jump: Row, test: tuple[int, Value, Value, int], taken: bool) -> bool:
    """Narrow the registers compared; False where no value fits."""
    operation, left, right, bits = test
    narrowed = branch.refine(operation, left, right, bits, taken)
    if narrowed is None:
        return False
    _, opcode, registers, _, _ = jump
    state.registers[registers & 15] = narrowed
    if opcode & 8:
        other = branch.refine_right(operation, right, left, bits, taken)
        if other is None:
            return False
        state.registers[registers >> 4] = other
    return True


def sure_blocks(flow: Flow) -> frozenset[int]:
    """Give the blocks that the verifier surely walks, given that it ends every path."""
    live = flow.successors
    if not any(PERHAPS in ways.values() for ways in live.values()):
        return frozenset(live)
    after = find_postdominators({block: list(ways) for block, ways in live.items()})
    sure = {0}
    waiting = [0]
    while waiting:
        block = waiting.pop()
        found = [way for way, how in live[block].items() if how == SURE]
        following = after.get(block)
        if following is not None:
            found.append(following)
        for way in found:
            if way not in sure:
                sure.add(way)
                waiting.append(way)
    return frozenset(sure)


def joined_way(flow: Flow) -> tuple[Way, ...]:
    """Give one way out for all exits."""
    ways = list(flow.ways.values())
    if not ways:
        return ()
    result, regions = ways[0]
    for way in ways[1:]:
        result = join(result, way.result)
        pairs = zip(regions, way.regions, strict=True)
        first, second, third, fourth = (mine if mine == its else -1 for mine, its in pairs)
        regions = (first, second, third, fourth)
    return (Way(result, regions),)
