"""Walk a function path by path, as the verifier does: exact, as long as the budget lasts."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from verifier.engine.flow.body import BRANCH, CALL, EXIT, FORK, Block, Body
from verifier.engine.flow.branch import SURE
from verifier.engine.flow.budget import Budget, OutOfBudget
from verifier.engine.flow.calling import Enter, finish_static, fork, pass_by
from verifier.engine.flow.joined import branch_ways
from verifier.engine.flow.needed import WHOLE_STACK, find_needed, slot_bit
from verifier.engine.flow.slices import ENDS, FOLLOW, SPLIT, Live, Slice, whole
from verifier.engine.flow.state import State
from verifier.engine.flow.summary import LeakKind, Way
from verifier.engine.flow.transfer import run_rows
from verifier.engine.flow.walk import Walk

_MAX_STATES = 4096  # states a block may be entered with
_MAX_WAYS = 32  # ways out of a function that are told apart

Step = tuple[int, bool, State]


def walk_paths(
    body: Body,
    walk: Walk,
    entry: State,
    enter: Enter,
    budget: Budget,
    piece: Slice | None = None,
    live: Live | None = None,
) -> tuple[Way, ...]:
    """Walk every path and give the ways out; OutOfBudget where there are too many.

    `piece`: what of the function matters, by what is `live`; all of it if none.
    """
    if piece is None or live is None:
        live = Live({}, ())
        piece = whole(body, find_needed(body, walk.passes_functions, walk.asked_slots))
    ways = _walk(body, walk, entry.copy(), enter, budget, piece, live)
    if walk.reads_stack_indirectly:  # then every slot may tell states apart
        needed = find_needed(body, True)
        everything = whole(body, [block | WHOLE_STACK for block in needed])
        ways = _walk(body, walk, entry, enter, budget, everything, live, every_slot=True)
    return ways


def _walk(
    body: Body,
    walk: Walk,
    entry: State,
    enter: Enter,
    budget: Budget,
    piece: Slice,
    live: Live,
    every_slot: bool = False,
) -> tuple[Way, ...]:
    """Walk until no state is left; no farther than where it turns out that every slot counts."""
    seen: list[dict[Hashable, bool]] = [{} for _ in range(len(body))]
    keys = [_Key(needed) for needed in piece.needed]
    ways: dict[Way, None] = {}
    waiting: deque[Step] = deque([(0, True, entry)])
    # Where the walk may end early, all ways go on in turn: in a loop the last way may have no end.
    take = waiting.popleft if walk.ends_early else waiting.pop
    while waiting and not (walk.ends_early and not walk.sought):
        if walk.reads_stack_indirectly and not every_slot:
            break
        index, sure, state = take()
        known = seen[index]
        key = keys[index].of(state)
        if key in known and (known[key] or not sure):
            continue
        known[key] = sure
        if len(known) > _MAX_STATES or len(ways) > _MAX_WAYS:
            raise OutOfBudget
        rows = piece.rows[index]
        budget.spend(len(rows) + 1)
        walk.block, walk.sure = index, sure
        if not run_rows(walk, state, rows):
            continue
        block = body.block(index)
        if block.end == EXIT:
            assert block.last is not None
            walk.note_leak(LeakKind.EXIT, block.last[0], state.regions)
            result = walk.note_ending(block.last[0], state)
            ways[Way(result, state.regions)] = None
        elif piece.onward[index] == FOLLOW:
            waiting += _follow(walk, block, sure, state, enter, piece.enters[index])
        elif piece.onward[index] == SPLIT:
            ends = reversed(live.ways[index])
            waiting += [(way, sure and how == SURE, state.copy()) for way, how in ends]
        elif piece.onward[index] != ENDS:
            waiting.append((piece.onward[index], sure, state))
    return tuple(ways)


def _follow(
    walk: Walk, block: Block, sure: bool, state: State, enter: Enter, asked: int
) -> list[Step]:
    """Return the steps after a block; the last is taken first: the next one in the code."""
    if block.end == CALL:
        return _return(walk, block, sure, state, enter, asked)
    if block.end == FORK:
        assert block.last is not None
        forked = fork(walk, state, block.last, enter) if asked else [pass_by(state)]
        return [(block.next, sure, after) for after in forked] if block.next >= 0 else []
    if block.end == BRANCH:
        ways = branch_ways(walk, block, state)
        return [
            (way, sure and how == SURE, after) for way, how, after in reversed(ways) if way >= 0
        ]
    return [(successor, sure, state) for successor in block.successors()]


def _return(
    walk: Walk, block: Block, sure: bool, state: State, enter: Enter, asked: int
) -> list[Step]:
    assert block.last is not None
    if block.next < 0:
        return []
    if not asked:
        return [(block.next, sure, pass_by(state))]
    steps = []
    for way in enter.static(block.last[0], block.callee, state, asked):
        after = state.copy()
        finish_static(after, way.result)
        after.regions = state.regions.returning(way.regions)
        steps.append((block.next, sure, after))
    return steps


class _Key:
    """What tells states apart at the start of a block: registers and slots of the stack."""

    __slots__ = ("_bits", "_registers")

    def __init__(self, needed: int) -> None:
        self._registers = [index for index in range(10) if needed >> index & 1]
        self._bits = needed & WHOLE_STACK

    def of(self, state: State) -> Hashable:
        values = state.registers
        registers = tuple([values[index] for index in self._registers])
        bits, stack = self._bits, state.stack
        if not bits or not stack:
            return registers, state.regions
        slots = [item for item in stack.items() if bits & slot_bit(item[0])]
        if len(slots) > 1:
            slots.sort(key=_by_offset)
        return registers, tuple(slots), state.regions


def _by_offset(item: tuple[int, object]) -> int:
    return item[0]
