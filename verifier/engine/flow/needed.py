"""What later decisions of a function depend on, by block: the rest does not tell states apart.

Registers are bits 0 to 9; above them the 8-byte slots of the stack below r10, as far as they are
read through r10 itself.
"""

from __future__ import annotations

from collections.abc import Callable, Container

from verifier.engine.flow.body import (
    CALL,
    CLASS_ALU,
    CLASS_ALU64,
    CLASS_JMP,
    CLASS_JMP32,
    CLASS_LD,
    CLASS_LDX,
    CLASS_ST,
    CLASS_STX,
    FORK,
    OP_CALL,
    OP_EXIT,
    OP_JA,
    OP_JA32,
    OP_LDDW,
    OP_MAY_GOTO,
    Block,
    Body,
    Row,
)

_MOV = 0xB0
_ATOMIC = 0xC0
ARGUMENTS = 0b111110
SCRATCHED = 0b111111
_REGISTERS = 0x3FF
FRAME = 10
_SLOTS = 64  # of the stack, 512 bytes
_WHOLE = 8
WHOLE_STACK = ((1 << _SLOTS) - 1) << (FRAME + 1)
_SIZES = {0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8}


def find_needed(
    body: Body,
    passes_functions: bool,
    asked_slots: Container[int] = (),
    counted: Callable[[int], int] | None = None,
) -> list[int]:
    """Return what each block and those after it need.

    `passes_functions`: the function may pass callbacks, so arguments of all calls count;
    `asked_slots`: calls whose arguments count anyway. `counted` tells which arguments of a static
    function do; all, without it.
    """
    blocks = [body.block(number) for number in range(len(body))]
    needed = [0] * len(blocks)
    successors = [block.successors() for block in blocks]
    changed = True
    while changed:
        changed = False
        for index in range(len(blocks) - 1, -1, -1):
            after = 0
            for successor in successors[index]:
                after |= needed[successor]
            before = _before_block(blocks[index], after, passes_functions, asked_slots, counted)
            if before != needed[index]:
                needed[index] = before
                changed = True
    return needed


def slot_bit(offset: int) -> int:
    """Return the bit of the stack slot that holds a byte; 0 outside of the stack."""
    slot = -(offset // 8)
    return 1 << (FRAME + slot) if 0 < slot <= _SLOTS else 0


def _before_block(
    block: Block,
    needed: int,
    passes_functions: bool,
    asked_slots: Container[int],
    counted: Callable[[int], int] | None,
) -> int:
    if block.last is not None:
        needed = _before_end(block, block.last, needed, counted)
    for row in reversed(block.rows):
        needed = before_row(row, needed, passes_functions or row[0] in asked_slots)
    return needed


def _before_end(block: Block, last: Row, needed: int, counted: Callable[[int], int] | None) -> int:
    if block.end == CALL and counted and not needed & WHOLE_STACK:
        return needed & ~SCRATCHED | counted(block.callee)
    if block.end in (CALL, FORK):
        return needed & ~SCRATCHED | ARGUMENTS
    if last[1] == OP_EXIT:
        return 1
    return before_branch(last, needed)


def before_branch(last: Row, needed: int) -> int:
    """Return what is needed before a jump: what it compares."""
    _, opcode, registers, _, _ = last
    if opcode in (OP_JA, OP_JA32, OP_MAY_GOTO) or opcode & 7 not in (CLASS_JMP, CLASS_JMP32):
        return needed
    needed |= 1 << (registers & 15)
    return (needed | 1 << (registers >> 4) if opcode & 8 else needed) & ~(1 << FRAME)


def defines(row: Row, needed: int) -> bool:
    """Return whether an instruction, other than a call, writes anything that is needed."""
    _, opcode, registers, offset, _ = row
    dst, kind = registers & 15, opcode & 7
    if kind in (CLASS_ALU, CLASS_ALU64, CLASS_LDX) or opcode == OP_LDDW:
        return bool(needed >> dst & 1)
    if kind == CLASS_STX and opcode & 0xE0 == _ATOMIC:
        written = 1 << (registers >> 4) | 1 | (slot_bit(offset) if dst == FRAME else 1 << dst)
        return bool(needed & written)
    if kind in (CLASS_ST, CLASS_STX):
        return dst == FRAME and bool(needed & slot_bit(offset))
    return kind == CLASS_LD and opcode != 0 and bool(needed & SCRATCHED)


def before_row(row: Row, needed: int, passes_functions: bool) -> int:
    """Return what is needed before an instruction, from what is needed after it."""
    _, opcode, registers, offset, _ = row
    dst, src, kind = registers & 15, registers >> 4, opcode & 7
    if opcode == OP_CALL:
        return needed & ~SCRATCHED | (ARGUMENTS if passes_functions else 0)
    if kind in (CLASS_ALU, CLASS_ALU64):
        return _before_arithmetic(opcode, dst, src, needed)
    if kind == CLASS_LDX:
        return _before_load(opcode, dst, src, offset, needed)
    if kind in (CLASS_ST, CLASS_STX):
        return _before_store(opcode, dst, src, offset, needed)
    if opcode == OP_LDDW:
        return needed & ~(1 << dst)
    return needed


def _before_arithmetic(opcode: int, dst: int, src: int, needed: int) -> int:
    if not needed >> dst & 1:
        return needed
    if opcode & 0xF0 == _MOV:
        needed &= ~(1 << dst)
    return needed | 1 << src if opcode & 8 and src != FRAME else needed


def _before_load(opcode: int, dst: int, src: int, offset: int, needed: int) -> int:
    if not needed >> dst & 1:
        return needed
    needed &= ~(1 << dst)
    return needed | (slot_bit(offset) if src == FRAME else 1 << src)


def _before_store(opcode: int, dst: int, src: int, offset: int, needed: int) -> int:
    if opcode & 7 == CLASS_STX and opcode & 0xE0 == _ATOMIC:
        return needed | (1 << dst | 1 << src | 1) & _REGISTERS
    if dst != FRAME:
        return needed
    bit = slot_bit(offset)
    if not needed & bit:
        return needed
    if _SIZES[opcode & 0x18] == _WHOLE:
        needed &= ~bit
    return needed | 1 << src if opcode & 7 == CLASS_STX and src != FRAME else needed
