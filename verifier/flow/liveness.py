"""Which registers a block still reads: what else they hold does not tell two states apart."""

from __future__ import annotations

from verifier.flow.body import (
    CLASS_ALU,
    CLASS_ALU64,
    CLASS_JMP,
    CLASS_JMP32,
    CLASS_LDX,
    CLASS_ST,
    CLASS_STX,
    OP_CALL,
    OP_EXIT,
    OP_JA,
    OP_JA32,
    OP_LDDW,
    OP_MAY_GOTO,
    Body,
    Row,
)

_MOV = 0xB0
_ARGUMENTS = 0b111110
_SCRATCHED = 0b111111


def live_registers(body: Body) -> list[int]:
    """Give, block by block, the registers read before they are written, as bits."""
    effects = [_block_effect(block.rows, block.last) for block in body.blocks]
    successors = [block.successors() for block in body.blocks]
    live = [0] * len(body.blocks)
    backwards = range(len(body.blocks) - 1, -1, -1)
    changed = True
    while changed:
        changed = False
        for index in backwards:
            after = 0
            for successor in successors[index]:
                after |= live[successor]
            uses, defines = effects[index]
            before = uses | (after & ~defines)
            if before != live[index]:
                live[index] = before
                changed = True
    return live


def _block_effect(rows: list[Row], last: Row | None) -> tuple[int, int]:
    uses = defines = 0
    for row in [*rows, last] if last else rows:
        its_uses, its_defines = _effect(row)
        uses |= its_uses & ~defines
        defines |= its_defines
    return uses, defines


def _effect(row: Row) -> tuple[int, int]:
    """Give the registers an instruction reads and those it writes."""
    _, opcode, registers, _, _ = row
    to, of, kind = 1 << (registers & 15), 1 << (registers >> 4), opcode & 7
    if opcode == OP_CALL:
        return _ARGUMENTS, _SCRATCHED
    if opcode == OP_EXIT:
        return 1, 0
    if opcode in (0, OP_JA, OP_JA32, OP_MAY_GOTO):
        return 0, 0
    if kind in (CLASS_JMP, CLASS_JMP32):
        return (to | of if opcode & 8 else to), 0
    if kind in (CLASS_ALU, CLASS_ALU64):
        if opcode & 0xF0 == _MOV:
            return (of if opcode & 8 else 0), to
        return (to | of if opcode & 8 else to), to
    if opcode == OP_LDDW:
        return 0, to
    if kind == CLASS_LDX:
        return of, to
    if kind == CLASS_ST:
        return to, 0
    if kind == CLASS_STX:
        return to | of | 1, 0
    return 1 << 6 | of, _SCRATCHED
