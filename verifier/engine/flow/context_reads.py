"""Loads from the context of a program at a known offset: words of it that a kernel may not have.

A register is followed from the start of the program as long as it holds the context on every way,
through moves between registers; what is stored, or given to other functions, is not followed. So a
load that is found is one, and some are not found.
"""

from __future__ import annotations

from collections.abc import Iterator

from verifier.engine.flow.body import (
    CALL,
    CLASS_ALU,
    CLASS_ALU64,
    CLASS_LD,
    CLASS_LDX,
    CLASS_STX,
    FORK,
    OP_CALL,
    OP_LDDW,
    Body,
    Row,
)

_MOVE = 0xBF  # r1 = r2, where its offset is 0
_AT_ENTRY = 1 << 1  # r1 has the context; sets of registers are bits, as in needed.py
_SCRATCHED = 0b111111  # r0 to r5, which calls write
_EVERY = (1 << 11) - 1


def find_context_reads(body: Body) -> dict[int, int]:
    """Return, by slot, the byte offsets of loads from the context; none of code not understood."""
    if not body.understood:
        return {}
    holding = _find_holding(body)
    return dict(read for number, held in holding.items() for read in _reads(body, number, held))


def _find_holding(body: Body) -> dict[int, int]:
    """Return which registers hold the context at the start of each block on every way there."""
    holding = {0: _AT_ENTRY}
    waiting = [0]
    while waiting:
        number = waiting.pop()
        after = _after(body, number, holding[number])
        for successor in body.block(number).successors():
            known = holding.get(successor, _EVERY) & after
            if known != holding.get(successor):
                holding[successor] = known
                waiting.append(successor)
    return holding


def _after(body: Body, number: int, held: int) -> int:
    block = body.block(number)
    for row in block.rows:
        if not held:
            return 0
        held = _step(row, held)
    return held & ~_SCRATCHED if block.end in (CALL, FORK) else held


def _step(row: Row, held: int) -> int:
    _, opcode, registers, offset, _ = row
    kind, target = opcode & 7, 1 << (registers & 15)
    if opcode == _MOVE and not offset and held >> (registers >> 4) & 1:
        return held | target
    if opcode == OP_CALL or (kind == CLASS_LD and opcode not in (0, OP_LDDW)):
        return held & ~_SCRATCHED
    if opcode and kind in (CLASS_ALU, CLASS_ALU64, CLASS_LD, CLASS_LDX):
        return held & ~target
    if kind == CLASS_STX:  # what is exchanged or fetched comes into the source, or into r0
        return held & ~(1 | 1 << (registers >> 4)) if opcode & 0xE0 == 0xC0 else held
    return held


def _reads(body: Body, number: int, held: int) -> Iterator[tuple[int, int]]:
    for row in body.block(number).rows:
        if not held:
            return
        slot, opcode, registers, offset, _ = row
        if opcode & 7 == CLASS_LDX and held >> (registers >> 4) & 1:
            yield slot, offset
        held = _step(row, held)
