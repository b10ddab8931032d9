"""The code of one function as basic blocks, the same on every kernel.

An instruction is a row of the code's columns: (slot, opcode, registers, offset, immediate). The
second slot of lddw stays where it is: its opcode is 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum

from verifier.engine.object.model import BpfObject, Code, Function, Reference, ReferenceKind

CLASS_LD, CLASS_LDX, CLASS_ST, CLASS_STX, CLASS_ALU, CLASS_JMP, CLASS_JMP32, CLASS_ALU64 = range(8)
OP_LDDW, OP_JA, OP_JA32, OP_CALL, OP_CALLX, OP_EXIT = 0x18, 0x05, 0x06, 0x85, 0x8D, 0x95
OP_MAY_GOTO, OP_GOTOX = 0xE5, 0x0D
_ENDS = frozenset({OP_JA, OP_JA32, OP_EXIT, OP_GOTOX})  # nothing comes after these
_PSEUDO_CALL, _PSEUDO_FUNC = 1, 4

Row = tuple[int, int, int, int, int]
IsStatic = Callable[[int], bool]
Locate = Callable[[str, int], int | None]

JUMPS = re.compile(
    b"[%s]"
    % b"".join(
        re.escape(bytes([opcode]))
        for opcode in range(256)
        if opcode & 7 in (CLASS_JMP, CLASS_JMP32) and opcode not in (OP_CALL, OP_CALLX)
    )
)


class BlockEnd(StrEnum):
    """How a block ends."""

    NEXT = "next"  # another block begins behind it
    JUMP = "jump"
    BRANCH = "branch"
    EXIT = "exit"
    CALL = "call"  # of a static function
    FORK = "fork"  # a call after which more than one state may follow
    STOP = "stop"  # a jump whose targets are not known


NEXT, JUMP, BRANCH = BlockEnd.NEXT, BlockEnd.JUMP, BlockEnd.BRANCH
EXIT, CALL, FORK, STOP = BlockEnd.EXIT, BlockEnd.CALL, BlockEnd.FORK, BlockEnd.STOP


class Block:
    """Instructions that run in a row, and how they end.

    `last` is the instruction that ends it, None for NEXT. `target` and `next` are block indexes,
    -1 where the code leaves the function. `single`: only one place leads here.
    """

    __slots__ = ("callee", "end", "last", "next", "rows", "single", "target")

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self.end = NEXT
        self.last: Row | None = None
        self.callee = self.target = self.next = -1
        self.single = False

    def successors(self) -> list[int]:
        if self.end == BRANCH:
            ways = [self.target, self.next]
        elif self.end in (EXIT, STOP):
            return []
        else:
            ways = [self.target if self.end == JUMP else self.next]
        return [way for way in ways if way >= 0]


class Body:
    """A function's blocks, the entry first, made when they are asked for.

    `understood` is False where jumps cannot be followed.
    """

    def __init__(
        self,
        function: Function,
        rows: list[Row],
        jumps: list[int],
        static: Mapping[int, int],
        forks: Collection[int],
    ) -> None:
        self.function = function
        self.understood = bool(rows)
        self._rows = rows
        self._static = static
        self._forks = forks
        self._targets: dict[int, int] = {}  # by the jump, both from the start of the function
        self._led_to: dict[int, int] = {}  # how many jumps lead to an instruction
        for at in jumps:
            _, opcode, _, offset, immediate = rows[at]
            if opcode == OP_GOTOX:
                self.understood = False
            if opcode != OP_EXIT:
                target = at + 1 + (immediate if opcode == OP_JA32 else offset)
                self._targets[at] = target
                self._led_to[target] = self._led_to.get(target, 0) + 1
        leaders = {0, *self._led_to, *[at + 1 for at in (*jumps, *static, *forks)]}
        self._starts = sorted([at for at in leaders if 0 <= at < len(rows)])
        self._position = {at: number for number, at in enumerate(self._starts)}
        self._blocks: list[Block | None] = [None] * len(self._starts)

    def __len__(self) -> int:
        return len(self._blocks)

    def block(self, number: int) -> Block:
        """Return a block by its number, in the order of the code."""
        block = self._blocks[number]
        if block is None:
            block = self._blocks[number] = self._build(number)
        return block

    def _build(self, number: int) -> Block:
        start = self._starts[number]
        is_last = number + 1 == len(self._starts)
        after = len(self._rows) if is_last else self._starts[number + 1]
        block = Block(self._rows[start:after])
        block.next = -1 if is_last else number + 1
        self._close(block, after - 1)
        if start:
            falls_through = self._rows[start - 1][1] not in _ENDS
            leads = self._led_to.get(start, 0) + falls_through
            block.single = leads == 1 and start - 1 not in self._forks
        return block

    def _close(self, block: Block, at: int) -> None:
        """Find out how a block ends; `at` is its last instruction."""
        opcode = block.rows[-1][1]
        if at in self._static:
            block.end, block.callee = CALL, self._static[at]
        elif at in self._forks:
            block.end = FORK
        elif opcode == OP_EXIT:
            block.end = EXIT
        elif at not in self._targets:
            return
        elif opcode == OP_GOTOX:
            block.end = STOP
        else:
            block.end = JUMP if opcode in (OP_JA, OP_JA32) else BRANCH
            block.target = self._position.get(self._targets[at], -1)
        block.last = block.rows.pop()


def build_body(
    obj: BpfObject,
    index: int,
    calls: list[tuple[int, int]],
    is_static: IsStatic,
    forks: Collection[int] = (),
) -> Body:
    """Split a function into blocks.

    `calls`: slots of its calls with the function called; `is_static` tells of which the verifier
    goes on in the function called. `forks`: slots of calls after which several states may follow.
    """
    function = obj.functions[index]
    code = obj.code[function.section]
    start, end = function.start, function.start + function.count
    columns = (code.opcodes, code.registers, code.offsets, code.immediates)
    rows = list(zip(range(start, end), *(column[start:end] for column in columns), strict=True))
    jumps = [match.start() for match in JUMPS.finditer(code.opcodes[start:end])]
    static = {slot - start: callee for slot, callee in calls if is_static(callee)}
    return Body(function, rows, jumps, static, {slot - start for slot in forks})


def plain_reference(code: Code, slot: int, locate: Locate) -> Reference | None:
    """Return what a call or address without relocation names: a function of the same section."""
    is_call = code.opcodes[slot] == OP_CALL
    if code.registers[slot] >> 4 != (_PSEUDO_CALL if is_call else _PSEUDO_FUNC):
        return None
    callee = locate(code.section, slot + code.immediates[slot] + 1)
    kind = ReferenceKind.CALL if is_call else ReferenceKind.FUNCTION
    return None if callee is None else Reference(kind, callee)
