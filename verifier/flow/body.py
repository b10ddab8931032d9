"""The code of one function as basic blocks, the same on every kernel.

An instruction is a row of the code's columns: (slot, opcode, registers, offset, immediate). The
second slot of lddw stays where it is: its opcode is 0.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from verifier.object.model import BpfObject, Code, Function, Reference

CLASS_LD, CLASS_LDX, CLASS_ST, CLASS_STX, CLASS_ALU, CLASS_JMP, CLASS_JMP32, CLASS_ALU64 = range(8)
OP_LDDW, OP_JA, OP_JA32, OP_CALL, OP_CALLX, OP_EXIT = 0x18, 0x05, 0x06, 0x85, 0x8D, 0x95
OP_MAY_GOTO, OP_GOTOX = 0xE5, 0x0D
_PSEUDO_CALL, _PSEUDO_FUNC = 1, 4

Row = tuple[int, int, int, int, int]
IsStatic = Callable[[int], bool]
Locate = Callable[[str, int], int | None]

_JUMPS = re.compile(
    b"[%s]"
    % b"".join(
        re.escape(bytes([opcode]))
        for opcode in range(256)
        if opcode & 7 in (CLASS_JMP, CLASS_JMP32) and opcode not in (OP_CALL, OP_CALLX)
    )
)


@dataclass(slots=True)
class Block:
    """Instructions that run in a row, and how they end.

    `end`: "next", "jump", "branch", "exit", "call" (of a static function), "stop". `last` is the
    instruction that ends it, None for "next". `target` and `next` are block indexes, -1 where the
    code leaves the function. `single`: only one place leads here.
    """

    rows: list[Row]
    end: str = "next"
    last: Row | None = None
    callee: int = -1
    target: int = -1
    next: int = -1
    single: bool = False

    def successors(self) -> list[int]:
        if self.end == "branch":
            ways = [self.target, self.next]
        elif self.end in ("exit", "stop"):
            return []
        else:
            ways = [self.target if self.end == "jump" else self.next]
        return [way for way in ways if way >= 0]


@dataclass(slots=True)
class Body:
    """A function's blocks, the entry first; not `understood` where jumps cannot be followed."""

    function: Function
    blocks: list[Block]
    understood: bool


def build_body(
    obj: BpfObject, index: int, calls: list[tuple[int, int]], is_static: IsStatic
) -> Body:
    """Split a function into blocks.

    `calls`: slots of its calls with the function called; `is_static` tells of which the verifier
    goes on in the function called.
    """
    function = obj.functions[index]
    code = obj.code[function.section]
    start, end = function.start, function.start + function.count
    columns = (code.opcodes, code.registers, code.offsets, code.immediates)
    rows = list(zip(range(start, end), *(column[start:end] for column in columns), strict=True))
    jumps = [match.start() for match in _JUMPS.finditer(code.opcodes[start:end])]
    static = {slot - start: callee for slot, callee in calls if is_static(callee)}
    targets = {at: _target(rows[at]) - start for at in jumps if rows[at][1] != OP_EXIT}
    leaders = {0, *(at + 1 for at in jumps), *(at + 1 for at in static), *targets.values()}
    starts = sorted(at for at in leaders if 0 <= at < len(rows))
    position = {at: number for number, at in enumerate(starts)}
    ends = [*starts[1:], len(rows)]
    blocks = []
    for number, (first, after) in enumerate(zip(starts, ends, strict=True)):
        block = Block(rows[first:after], next=number + 1 if after < len(rows) else -1)
        _close(block, after - 1, targets, static, position)
        blocks.append(block)
    _mark_single(blocks)
    understood = not any(rows[at][1] == OP_GOTOX for at in jumps)
    return Body(function, blocks, understood)


def _mark_single(blocks: list[Block]) -> None:
    led_to = Counter(way for block in blocks for way in block.successors())
    for index, block in enumerate(blocks):
        block.single = index > 0 and led_to[index] == 1


def _target(row: Row) -> int:
    slot, opcode, _, offset, immediate = row
    return slot + 1 + (immediate if opcode == OP_JA32 else offset)


def _close(
    block: Block,
    at: int,
    targets: dict[int, int],
    static: dict[int, int],
    position: dict[int, int],
) -> None:
    """Find out how a block ends; `at` is its last instruction."""
    opcode = block.rows[-1][1]
    if at in static:
        block.end, block.callee = "call", static[at]
    elif opcode == OP_EXIT:
        block.end = "exit"
    elif at not in targets:
        return
    elif opcode == OP_GOTOX:
        block.end = "stop"
    else:
        block.end = "jump" if opcode in (OP_JA, OP_JA32) else "branch"
        block.target = position.get(targets[at], -1)
    block.last = block.rows.pop()


def plain_reference(code: Code, slot: int, locate: Locate) -> Reference | None:
    """Give what a call or address without relocation refers to: a function of the same section."""
    is_call = code.opcodes[slot] == OP_CALL
    if code.registers[slot] >> 4 != (_PSEUDO_CALL if is_call else _PSEUDO_FUNC):
        return None
    callee = locate(code.section, slot + code.immediates[slot] + 1)
    return None if callee is None else Reference("call" if is_call else "function", callee)
