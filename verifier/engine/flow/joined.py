"""Walk a function with one state a block: fast, and never too little.

Ways that meet keep what they agree on; a branch on anything else is taken both ways without being
sure. What every such branch leads to in the end is sure again: its immediate postdominator.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field

from verifier.engine.flow import branch
from verifier.engine.flow.body import CLASS_JMP, OP_MAY_GOTO, Block, Body, Row
from verifier.engine.flow.branch import BOTH, DEAD, SURE, Ways
from verifier.engine.flow.budget import Budget
from verifier.engine.flow.calling import Enter, finish_static, fork
from verifier.engine.flow.postdominators import find_postdominators
from verifier.engine.flow.state import State
from verifier.engine.flow.summary import EXIT, Way
from verifier.engine.flow.transfer import run_block
from verifier.engine.flow.values import U64, Given, Value, join
from verifier.engine.flow.walk import Walk

Following = tuple[int, int, State]  # a block, how sure it is that it follows, what is known there


@dataclass(slots=True)
class Flow:
    """Live blocks, each with what follows, and the ways out of the function by block."""

    successors: dict[int, list[Following]] = field(default_factory=dict)
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
        flow.successors[index] = ways
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
) -> list[Following]:
    """Run a block and give where it leads, how surely, and with what state."""
    if not run_block(walk, state, block):
        return []
    if block.end == "exit":
        assert block.last is not None
        walk.note_leak(EXIT, block.last[0], state.regions)
        flow.ways[index] = Way(walk.settle(state.registers[0]), state.regions)
        return []
    if block.end == "call":
        return _return(block, state, enter)
    if block.end == "fork":
        assert block.last is not None
        forked = fork(walk, state, block.last, enter)
        return [(block.next, SURE, after) for after in forked] if block.next >= 0 else []
    if block.end == "branch":
        return branch_ways(walk, block, state)
    following = block.target if block.end == "jump" else block.next
    return [(following, SURE, state)] if following >= 0 and block.end != "stop" else []


def _return(block: Block, state: State, enter: Enter) -> list[Following]:
    assert block.last is not None
    ways = enter.static(block.last[0], block.callee, state)
    if not ways or block.next < 0:
        return []
    before = state.regions
    finish_static(state, ways[0].result)
    state.regions = before.returning(ways[0].regions)
    for way in ways[1:]:
        other = State(state.registers.copy(), state.stack, before.returning(way.regions))
        other.registers[0] = way.result
        state.join(other)
    return [(block.next, SURE, state)]


def branch_ways(walk: Walk, block: Block, state: State) -> list[Following]:
    """Return the live ways of a conditional jump, each with the state that is known there."""
    assert block.last is not None
    _, opcode, registers, _, immediate = block.last
    bits = 64 if opcode & 7 == CLASS_JMP else 32
    if opcode == OP_MAY_GOTO:
        walk.widen(block.last[0], state)
    held = state.registers[registers & 15]
    right = walk.settle(state.registers[registers >> 4]) if opcode & 8 else immediate & U64
    if isinstance(held, Given) and isinstance(right, int):
        ways = walk.inputs.test(held, opcode & 0xF0, right, bits)
        return _known_ways(block, state, ways)
    left = walk.settle(held)
    test = (opcode & 0xF0, left, right, bits)
    taken, following = BOTH if opcode == OP_MAY_GOTO else branch.decide(*test)
    other = state.copy() if taken and following else state
    found = []
    if following and block.next >= 0 and _learn(other, block.last, test, False):
        found.append((block.next, following, other))
    if taken and block.target >= 0 and _learn(state, block.last, test, True):
        found.append((block.target, taken, state))
    return found


def _known_ways(block: Block, state: State, ways: Ways) -> list[Following]:
    """Return the live ways where two constants were compared: nothing is learnt of either."""
    other = state.copy() if ways.taken and ways.next else state
    found = [(block.next, ways.next, other), (block.target, ways.taken, state)]
    return [way for way in found if way[0] >= 0 and way[1] != DEAD]


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


def sure_blocks(flow: Flow, asked: set[int]) -> set[int]:
    """Return blocks that the verifier surely walks, or all if some `asked` for are in doubt."""
    sure = _sure_blocks(flow, {})
    if asked <= sure:
        return sure
    live = {block: [way for way, _, _ in ways] for block, ways in flow.successors.items()}
    return _sure_blocks(flow, find_postdominators(live))


def _sure_blocks(flow: Flow, after: Mapping[int, int]) -> set[int]:
    """Follow what surely comes next, and what `after` says comes in the end of every path."""
    sure = {0}
    waiting = [0]
    while waiting:
        block = waiting.pop()
        found = [way for way, how, _ in flow.successors[block] if how == SURE]
        following = after.get(block)
        if following is not None:
            found.append(following)
        for way in found:
            if way not in sure:
                sure.add(way)
                waiting.append(way)
    return sure


def joined_way(flow: Flow) -> tuple[Way, ...]:
    """Return one way out for all exits."""
    ways = list(flow.ways.values())
    if not ways:
        return ()
    result, regions = ways[0]
    for way in ways[1:]:
        result = join(result, way.result)
        regions = regions.join(way.regions)
    return (Way(result, regions),)
