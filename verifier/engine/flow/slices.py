"""What of a function matters for a question: which rows, branches and values tell its ways apart.

The question is whether some instructions are walked, and within which regions. A branch between
whose ways nothing of that is decided is passed by: the walk goes on where its ways meet. This is
slicing as Weiser has it, with control dependence from postdominators.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import NamedTuple

from kfmap.quick_dataclass import dataclass, field
from verifier.engine.flow.body import (
    BRANCH,
    CALL,
    CLASS_LD,
    CLASS_ST,
    CLASS_STX,
    EXIT,
    FORK,
    OP_CALL,
    OP_LDDW,
    OP_MAY_GOTO,
    Block,
    Body,
    Row,
)
from verifier.engine.flow.needed import (
    ARGUMENTS,
    FRAME,
    SCRATCHED,
    WHOLE_STACK,
    before_branch,
    before_row,
    defines,
)
from verifier.engine.flow.postdominators import find_postdominators

SPLIT = -3  # both ways of the branch at the end of a block matter, and it knows no more than that
FOLLOW = -2  # the branch at the end of a block has to be decided
ENDS = -1  # nothing that matters comes after a block

PASSED_BY, WAYS, RESULT = range(3)  # what is asked of a function that is called

_LOOKED_UP = 0b10  # r1 of a lookup, which tells elements of maps apart


@dataclass(frozen=True, slots=True)
class Marks:
    """What is asked of one function.

    `rows`: slots of instructions to carry out whatever comes of them; of calls in `given` the
    arguments count. `entered`: static functions to go into, with the arguments that count there.
    `forks`: slots of forking calls to carry out. `endings`: slots of exits at which it matters what
    is returned. `exits`: its ways out matter; `result`: and what it returns. `tells_elements`: it
    matters which element of which map is looked up.
    """

    rows: Container[int]
    given: Container[int]
    entered: Mapping[int, int]
    forks: Container[int]
    endings: Container[int]
    exits: bool
    result: bool
    tells_elements: bool


@dataclass(slots=True)
class Slice:
    """Per block: what is needed at its start (see needed.py), the rows to carry out, whether its
    call is entered (PASSED_BY, for its WAYS, for its RESULT), and the block to go on with (SPLIT,
    FOLLOW, ENDS). `matters`: any block does."""

    needed: list[int]
    rows: list[list[Row]]
    enters: list[int]
    onward: list[int]
    matters: bool = False


class Live(NamedTuple):
    """What a walk of all ways at once found: per live block the ways that follow, each with how
    sure it is, and the blocks that end in a branch on what differs from way to way."""

    ways: Mapping[int, list[tuple[int, int]]]
    vague: Container[int]


@dataclass(slots=True)
class _Scan:
    """What one block makes of what is needed after it."""

    needed: int
    rows: list[Row] = field(default_factory=list)
    matters: bool = False
    enters: int = 0
    decides: bool = False


def find_slice(body: Body, marks: Marks, live: Live) -> Slice:
    """Find what matters of a function."""
    numbers = sorted(live.ways)
    successors = {number: [way for way, _ in live.ways[number]] for number in numbers}
    after = find_postdominators(successors)
    controls = _find_controls(successors, after)
    blocks = {number: body.block(number) for number in numbers}
    chosen: set[int] = set()
    while True:
        scans = _flow_back(blocks, successors, marks, chosen, live.vague)
        wanted = {number for number, scan in scans.items() if scan.matters} | chosen
        deciding = {branch for number in wanted for branch in controls[number]}
        if deciding <= chosen:
            return _make(body, scans, chosen, after)
        chosen |= deciding


def _find_controls(
    successors: Mapping[int, list[int]], after: Mapping[int, int]
) -> dict[int, set[int]]:
    """Return, per block, the branches that decide whether it is reached."""
    controls: dict[int, set[int]] = {number: set() for number in successors}
    for branch, ways in successors.items():
        if len(set(ways)) < 2:
            continue
        end = after.get(branch)
        for way in ways:
            at: int | None = way
            while at is not None and at != end and branch not in controls[at]:
                controls[at].add(branch)
                at = after.get(at)
    return controls


def _flow_back(
    blocks: Mapping[int, Block],
    successors: Mapping[int, list[int]],
    marks: Marks,
    chosen: set[int],
    vague: Container[int],
) -> dict[int, _Scan]:
    """Find what is needed before every block, backwards until nothing changes."""
    scans = {number: _Scan(0) for number in blocks}
    order = sorted(blocks, reverse=True)
    changed = True
    while changed:
        changed = False
        for number in order:
            needed = 0
            for successor in successors[number]:
                needed |= scans[successor].needed
            scan = _Scan(needed)
            scan.decides = number in chosen and number in vague
            _scan_block(blocks[number], marks, number in chosen, scan)
            changed |= scan.needed != scans[number].needed
            scans[number] = scan
    return scans


def _scan_block(block: Block, marks: Marks, is_chosen: bool, scan: _Scan) -> None:
    if block.last is not None:
        _scan_end(block, block.last, marks, is_chosen, scan)
    for row in reversed(block.rows):
        _scan_row(row, marks, scan)
    scan.rows.reverse()


def _scan_end(block: Block, last: Row, marks: Marks, is_chosen: bool, scan: _Scan) -> None:
    if block.end == EXIT:
        scan.matters = marks.exits or last[0] in marks.rows
        scan.needed = int(marks.result or last[0] in marks.endings)
    elif block.end == CALL:
        wanted = marks.entered.get(block.callee)
        if scan.needed & 1:
            scan.enters = RESULT
        elif wanted is not None:
            scan.enters = WAYS
        _scan_call(scan, ARGUMENTS if wanted is None else wanted, bool(scan.enters))
    elif block.end == FORK:
        scan.enters = WAYS if last[0] in marks.forks or scan.needed & 1 else PASSED_BY
        _scan_call(scan, ARGUMENTS if scan.enters else 0, bool(scan.enters))
    elif block.end == BRANCH and is_chosen:
        compared = before_branch(last, 0)
        # What is compared matters where it differs from way to way, or is asked for again.
        scan.decides |= bool(compared & scan.needed) or last[1] == OP_MAY_GOTO
        if scan.decides:
            scan.needed |= compared


def _scan_call(scan: _Scan, given: int, is_kept: bool) -> None:
    """A call: it writes r0 to r5, and through its arguments perhaps to the stack."""
    writes_stack = bool(scan.needed & WHOLE_STACK)
    scan.matters |= is_kept or bool(scan.needed & 1) or writes_stack
    if writes_stack:
        given = ARGUMENTS
    scan.needed = scan.needed & ~SCRATCHED | given


def _scan_row(row: Row, marks: Marks, scan: _Scan) -> None:
    slot, opcode, registers, _, _ = row
    needed = scan.needed
    if slot in marks.rows:
        scan.rows.append(row)
        scan.matters = True
        scan.needed = before_row(row, needed, slot in marks.given)
        if opcode == OP_CALL and needed & WHOLE_STACK:
            scan.needed |= ARGUMENTS
    elif opcode == OP_CALL:
        if needed & (1 | WHOLE_STACK):
            scan.rows.append(row)
            _scan_call(scan, _LOOKED_UP if marks.tells_elements else 0, is_kept=False)
        else:
            scan.needed = needed & ~SCRATCHED
    elif opcode & 7 in (CLASS_ST, CLASS_STX) and registers & 15 != FRAME:
        if needed & WHOLE_STACK or (opcode & 7 == CLASS_STX and defines(row, needed)):
            scan.rows.append(row)
            scan.matters = True
            scan.needed = before_row(row, needed, False) | 1 << (registers & 15)
            if opcode & 7 == CLASS_STX and registers >> 4 != FRAME:
                scan.needed |= 1 << (registers >> 4)
    elif defines(row, needed):
        scan.rows.append(row)
        scan.matters = True
        scan.needed = before_row(row, needed, False)
        if opcode & 7 == CLASS_LD and opcode not in (0, OP_LDDW):
            scan.needed &= ~SCRATCHED


def _make(
    body: Body, scans: Mapping[int, _Scan], chosen: set[int], after: Mapping[int, int]
) -> Slice:
    made = Slice([0] * len(body), [[]] * len(body), [PASSED_BY] * len(body), [ENDS] * len(body))
    for number, scan in scans.items():
        made.needed[number] = scan.needed
        made.rows[number] = scan.rows
        made.enters[number] = scan.enters
        made.matters |= scan.matters
        if body.block(number).end != BRANCH or scan.decides:
            made.onward[number] = FOLLOW
        elif number in chosen:
            made.onward[number] = SPLIT
        else:
            made.onward[number] = after.get(number, ENDS)
    return made


def whole(body: Body, needed: list[int]) -> Slice:
    """Return a slice that leaves nothing out."""
    blocks = [body.block(number) for number in range(len(body))]
    rows = [block.rows for block in blocks]
    return Slice(needed, rows, [RESULT] * len(blocks), [FOLLOW] * len(blocks), True)
