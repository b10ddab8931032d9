"""Walk a function with one state per block and regions: fast, and never too little.

Ways that meet in the same regions keep what they agree on; a branch on anything else is taken both
ways without being sure. What every such branch leads to in the end is sure again: its immediate
postdominator.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

from kfmap.quick_dataclass import dataclass, field
from verifier.engine.flow import branch
from verifier.engine.flow.body import (
    BRANCH,
    CALL,
    CLASS_JMP,
    EXIT,
    FORK,
    JUMP,
    OP_MAY_GOTO,
    STOP,
    Block,
    Body,
)
from verifier.engine.flow.branch import BOTH, DEAD, PERHAPS, SURE, Ways
from verifier.engine.flow.budget import Budget
from verifier.engine.flow.calling import Enter, finish_static, fork
from verifier.engine.flow.postdominators import find_postdominators
from verifier.engine.flow.regions import UNSURE_REGIONS, Regions
from verifier.engine.flow.slices import RESULT, Live
from verifier.engine.flow.state import State
from verifier.engine.flow.summary import LeakKind, Way
from verifier.engine.flow.transfer import run_rows
from verifier.engine.flow.values import U64, UNKNOWN, VAGUE, Given, Value, join
from verifier.engine.flow.walk import Walk

_MAX_PARTS = 8  # regions in which a block is told apart
_REGISTER_BITS, _PART_BITS = 4, 24  # of the number of a place where ways meet

Following = tuple[int, int, State]  # a block, how sure it is that it follows, what is known there


@dataclass(slots=True)
class Flow:
    """Live parts of blocks, each with what follows, and the ways out of the function by part.

    A part is a block in certain regions: ways in different regions are kept apart. Its number is
    that of the block in the regions that the function is entered in, beyond all blocks in others.
    """

    successors: dict[int, list[Following]] = field(default_factory=dict)
    ways: dict[int, Way] = field(default_factory=dict)
    blocks: list[int] = field(default_factory=list)  # part → block


class _Parts:
    """Numbers parts; where a block is in too many regions, the rest count as not known."""

    def __init__(self, blocks: int, regions: Regions, flow: Flow) -> None:
        flow.blocks = list(range(blocks))
        self._flow = flow
        self._regions = regions
        self._others: dict[tuple[int, Regions], int] = {}
        self._count = [1] * blocks

    def find(self, block: int, state: State) -> int:
        """Return the part that a state belongs to."""
        if state.regions is self._regions or state.regions == self._regions:
            return block
        part = self._others.get((block, state.regions))
        if part is not None:
            return part
        if self._count[block] >= _MAX_PARTS and state.regions != UNSURE_REGIONS:
            state.regions = UNSURE_REGIONS
            return self.find(block, state)
        self._count[block] += 1
        self._others[block, state.regions] = part = len(self._flow.blocks)
        self._flow.blocks.append(block)
        return part


def walk_joined(body: Body, walk: Walk, entry: State, enter: Enter, budget: Budget) -> Flow:
    """Walk until nothing changes; `enter` gives the ways out of a static function."""
    flow = Flow()
    regions = entry.regions
    parts = _Parts(len(body), regions, flow)
    states: dict[int, State] = {0: entry}
    came_from: dict[int, int] = {}
    waiting: list[tuple[int, int]] = []  # in the order of the code: what comes before is walked
    queued: set[int] = set()
    index, part = 0, 0
    told, first = walk.tells_elements, walk.place(body.function.start) << _PART_BITS
    while True:
        block, state = body.block(index), states[part]
        budget.spend(len(block.rows) + 1)
        walk.block = part
        ways = _leave(walk, block, part, state if block.single else state.copy(), enter, flow)
        flow.successors[part] = following = []
        for successor, how, after in ways:
            # nearly all ways stay in the regions that the function is entered in
            other = successor if after.regions is regions else parts.find(successor, after)
            following.append((other, how, after))
            known = states.get(other)
            if known is None or (came_from.get(other) == part and body.block(successor).single):
                states[other] = after
                came_from[other] = part
            elif not known.join(after, first + (other << _REGISTER_BITS) if told else None):
                continue
            if other not in queued:
                queued.add(other)
                heapq.heappush(waiting, (successor, other))
        if not waiting:
            return flow
        index, part = heapq.heappop(waiting)
        queued.discard(part)


def _leave(
    walk: Walk, block: Block, part: int, state: State, enter: Enter, flow: Flow
) -> list[Following]:
    """Run a block and give where it leads, how surely, and with what state."""
    if not run_rows(walk, state, block.rows):
        return []
    end = block.end
    if end is BRANCH:
        return branch_ways(walk, block, state)
    if end is EXIT:
        assert block.last is not None
        walk.note_leak(LeakKind.EXIT, block.last[0], state.regions)
        result = walk.note_ending(block.last[0], state)
        flow.ways[part] = Way(result, state.regions)
        return []
    if end is CALL:
        return _return(block, state, enter)
    if end is FORK:
        assert block.last is not None
        forked = fork(walk, state, block.last, enter)
        return [(block.next, SURE, after) for after in forked] if block.next >= 0 else []
    following = block.target if end is JUMP else block.next
    return [(following, SURE, state)] if following >= 0 and end is not STOP else []


def _return(block: Block, state: State, enter: Enter) -> list[Following]:
    """Return from a static function: one state for each regions that it may leave."""
    assert block.last is not None
    ways = enter.static(block.last[0], block.callee, state, RESULT)
    if not ways or block.next < 0:
        return []
    before = state.regions
    finish_static(state, UNKNOWN)
    states: dict[Regions, State] = {}
    for result, regions in ways:
        after = before.returning(regions)
        if after in states:
            registers = states[after].registers
            registers[0] = join(registers[0], result)
        else:
            other = state.copy()
            other.registers[0], other.regions = result, after
            states[after] = other
    return [(block.next, SURE, other) for other in states.values()]


def branch_ways(walk: Walk, block: Block, state: State) -> list[Following]:
    """Return the live ways of a conditional jump, each with the state that is known there."""
    assert block.last is not None
    slot, opcode, registers, _, immediate = block.last
    if opcode == OP_MAY_GOTO:
        walk.widen(slot, state)
        return _known_ways(block, state, BOTH)
    bits = 64 if opcode & 7 == CLASS_JMP else 32
    values, dst, src = state.registers, registers & 15, registers >> 4
    right = walk.settle(values[src]) if opcode & 8 else immediate & U64
    held = values[dst]
    if isinstance(held, Given) and isinstance(right, int):
        ways = walk.inputs.test(held, opcode & 0xF0, right, bits)
        return _known_ways(block, state, ways)
    left = walk.settle(held)
    if left is VAGUE or right is VAGUE:
        walk.vague.add(walk.block)
    after, there = branch.find_sides(opcode & 0xF0, left, right, bits)
    found = []
    if after and block.next >= 0:
        other = state.copy() if there else state
        other.registers[dst] = after.left
        if opcode & 8:
            other.registers[src] = after.right
        found.append((block.next, after.how, other))
    if there and block.target >= 0:
        values[dst] = there.left
        if opcode & 8:
            values[src] = there.right
        found.append((block.target, there.how, state))
    return found


def _known_ways(block: Block, state: State, ways: Ways) -> list[Following]:
    """Return the live ways where nothing is learnt of what was compared, if anything was."""
    other = state.copy() if ways.taken and ways.next else state
    found = [(block.next, ways.next, other), (block.target, ways.taken, state)]
    return [way for way in found if way[0] >= 0 and way[1] != DEAD]


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


def joined_ways(flow: Flow) -> tuple[Way, ...]:
    """Return one way out for all exits in the same regions."""
    results: dict[Regions, Value] = {}
    for result, regions in flow.ways.values():
        results[regions] = join(results[regions], result) if regions in results else result
    return tuple(Way(result, regions) for regions, result in results.items())


def live_blocks(flow: Flow, vague: Iterable[int]) -> Live:
    """Return what follows what, whatever the regions; a branch that these decide is vague."""
    ways: dict[int, dict[int, int]] = {}
    doubtful = {flow.blocks[part] for part in vague}
    for part, found in flow.successors.items():
        block = flow.blocks[part]
        mine = {flow.blocks[other]: how for other, how, _ in found}
        known = ways.setdefault(block, mine)
        if known != mine:
            doubtful.add(block)
            ways[block] = dict.fromkeys((*known, *mine), PERHAPS)
    return Live({block: list(found.items()) for block, found in ways.items()}, doubtful)
